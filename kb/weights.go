package kb

// The weights of the fusion, with and without the linear part. They were fitted by fit_test.go on questions drawn from the training texts
// of Banking77 (PolyAI, CC BY 4.0) and CLINC150 (Larson et al., CC BY 3.0) against stores of 12 to 130 entries with 1 to 60
// texts each, a fifth of the questions being out of scope.
var linearFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: 2.329, sigTop: 1.858, sigCentroid: 4.290, sigBM25: 1.257, sigCover: 1.349, sigLinear: 0.389, sigNearestMany: -0.208, sigCentroidMany: -0.614, sigLinearMany: 0.104,
	},
	none: [numNoneSignals]float64{
		noneBias: 7.874, noneNearest: 0.276, noneCentroid: 1.675, noneBM25: -0.281, noneCover: -2.166, noneLinear: -0.074, noneKnown: -2.954, noneCount: 0.701, noneMany: 0.321, noneLength: -1.001, noneLinearMany: 0.145,
	},
}

var plainFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: 2.809, sigTop: 1.183, sigCentroid: 8.127, sigBM25: -0.021, sigCover: 2.193, sigNearestMany: 0.762, sigCentroidMany: 0.874,
	},
	none: [numNoneSignals]float64{
		noneBias: 6.997, noneNearest: 1.467, noneCentroid: 4.197, noneBM25: 0.101, noneCover: -1.940, noneKnown: -3.196, noneCount: 0.541, noneMany: 0.915, noneLength: -0.890,
	},
}
