package kb

// The weights of the fusion, with and without the linear part. They were fitted by fit_test.go on questions drawn from the training texts
// of Banking77 (PolyAI, CC BY 4.0) and CLINC150 (Larson et al., CC BY 3.0) against stores of 12 to 130 entries with 1 to 60
// texts each, and on the Chinese half of the sample shop; about a quarter of the weight is on questions out of scope.
var linearFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: 0.968, sigTop: 2.347, sigCentroid: 5.995, sigBM25: -1.628, sigCover: 1.002, sigLinear: 0.379, sigNearestMany: 0.930, sigCentroidMany: -0.880, sigLinearMany: 0.077,
	},
	none: [numNoneSignals]float64{
		noneBias: 3.663, noneNearest: 0.181, noneCentroid: 2.926, noneBM25: 0.576, noneCover: -0.156, noneLinear: -0.183, noneKnown: -3.277, noneCount: 0.778, noneMany: 0.683, noneLength: -0.137, noneLinearMany: 0.120, noneHan: 0.073, noneHanNearest: 3.222, noneHanKnown: -1.920, noneReach: 0.540,
	},
}

var plainFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: 1.131, sigTop: 1.929, sigCentroid: 9.585, sigBM25: -2.967, sigCover: 2.061, sigNearestMany: 1.902, sigCentroidMany: 0.422,
	},
	none: [numNoneSignals]float64{
		noneBias: 3.901, noneNearest: 0.075, noneCentroid: 3.394, noneBM25: 1.185, noneCover: 0.031, noneKnown: -3.943, noneCount: 0.474, noneMany: 1.240, noneLength: 0.029, noneHan: 0.358, noneHanNearest: 2.702, noneHanKnown: -2.061, noneReach: 1.729,
	},
}
