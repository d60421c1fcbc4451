package kb

// The weights of the fusion, with and without the linear part. They were fitted by fit_test.go on questions drawn from the training texts
// of Banking77 (PolyAI, CC BY 4.0) and CLINC150 (Larson et al., CC BY 3.0) against stores of 12 to 130 entries with 1 to 60
// texts each, on the Chinese half of the sample shop, and on the entries and the
// development half of testdata/shop_zh; about a quarter of the weight is on questions out of scope.
var linearFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -1.893, sigTop: 4.388, sigCentroid: 5.312, sigBM25: -6.016, sigCover: 2.854, sigLinear: 0.107,
		sigNearestMany: 1.296, sigCentroidMany: 0.248, sigLinearMany: 0.067, sigLinearKnown: 0.228, sigCentroidKnown: 3.322,
	},
	none: [numNoneSignals]float64{
		noneBias: 1.891, noneNearest: -0.995, noneCentroid: 0.297, noneBM25: 1.158, noneCover: -0.567, noneLinear: -0.446,
		noneKnown: -2.532, noneCount: 0.195, noneMany: 1.182, noneLength: -0.074, noneLinearMany: 0.003, noneHan: -0.699,
		noneHanNearest: 4.170, noneHanKnown: -1.555, noneReach: -1.274, noneSure: -0.263, noneScore: -2.878, noneHanScore: 0.671,
		noneLinearKnown: 0.341,
	},
}

var plainFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -2.632, sigTop: 4.693, sigCentroid: 6.342, sigBM25: -7.233, sigCover: 3.695, sigNearestMany: 2.344,
		sigCentroidMany: 1.485, sigCentroidKnown: 5.956,
	},
	none: [numNoneSignals]float64{
		noneBias: 2.391, noneNearest: -1.434, noneCentroid: -0.791, noneBM25: 1.299, noneCover: -0.723, noneKnown: -1.827,
		noneCount: -0.079, noneMany: 1.181, noneLength: -0.028, noneHan: -0.664, noneHanNearest: 3.560, noneHanKnown: -1.485,
		noneReach: 0.383, noneSure: -0.779, noneScore: -3.456, noneHanScore: 0.699,
	},
}
