package kb

// The weights of the fusion, with and without the linear part. They were fitted by fit_test.go on questions drawn from the training texts
// of Banking77 (PolyAI, CC BY 4.0) and CLINC150 (Larson et al., CC BY 3.0) against stores of 12 to 130 entries with 1 to 60
// texts each, a fifth of the questions being out of scope.
var linearFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: 0.391, sigTop: 1.835, sigCentroid: 5.906, sigBM25: -1.982, sigCover: 1.526, sigLinear: 0.361, sigNearestMany: 0.383, sigCentroidMany: -0.866, sigLinearMany: 0.094,
	},
	none: [numNoneSignals]float64{
		noneBias: 3.796, noneNearest: 0.198, noneCentroid: 2.892, noneBM25: 0.950, noneCover: -0.358, noneLinear: -0.152, noneKnown: -3.406, noneCount: 0.677, noneMany: 0.474, noneLength: -0.309, noneLinearMany: 0.122, noneHan: 0.211, noneHanNearest: 2.892, noneHanKnown: -1.892, noneReach: 0.571,
	},
}

var plainFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: 0.357, sigTop: 1.408, sigCentroid: 9.499, sigBM25: -3.361, sigCover: 2.398, sigNearestMany: 1.407, sigCentroidMany: 0.419,
	},
	none: [numNoneSignals]float64{
		noneBias: 3.929, noneNearest: 0.158, noneCentroid: 3.679, noneBM25: 1.526, noneCover: -0.231, noneKnown: -4.172, noneCount: 0.453, noneMany: 0.907, noneLength: -0.221, noneHan: 0.571, noneHanNearest: 2.058, noneHanKnown: -2.014, noneReach: 2.104,
	},
}
