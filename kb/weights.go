package kb

// The weights of the fusion, with and without the linear part. They were fitted by fit_test.go on questions drawn from the training texts
// of Banking77 (PolyAI, CC BY 4.0) and CLINC150 (Larson et al., CC BY 3.0) against stores of 12 to 130 entries with 1 to 60
// texts each, on the Chinese half of the sample shop, and on the entries and the
// development half of testdata/shop_zh; about a quarter of the weight is on questions out of scope.
var linearFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -1.121, sigTop: 3.176, sigCentroid: 5.372, sigBM25: -4.841, sigCover: 0.737, sigLinear: 0.185, sigNearestMany: 1.555,
		sigCentroidMany: 0.024, sigLinearMany: 0.077, sigLinearKnown: 0.188, sigCentroidKnown: 1.159,
	},
	none: [numNoneSignals]float64{
		noneBias: 3.021, noneNearest: -1.341, noneCentroid: 0.780, noneBM25: -0.035, noneCover: -0.458, noneLinear: -0.544,
		noneKnown: -3.127, noneCount: 0.346, noneMany: 1.080, noneLength: -0.290, noneLinearMany: -0.004, noneHan: -0.204,
		noneHanNearest: 4.068, noneHanKnown: -2.612, noneReach: -1.027, noneSure: -0.068, noneScore: -1.702, noneHanScore: 0.432,
		noneLinearKnown: 0.320,
	},
}

var plainFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -2.557, sigTop: 3.880, sigCentroid: 6.224, sigBM25: -6.126, sigCover: 1.542, sigNearestMany: 3.084,
		sigCentroidMany: 1.515, sigCentroidKnown: 4.052,
	},
	none: [numNoneSignals]float64{
		noneBias: 3.657, noneNearest: -1.515, noneCentroid: -0.049, noneBM25: 0.925, noneCover: -0.424, noneKnown: -2.734,
		noneCount: -0.008, noneMany: 1.064, noneLength: -0.225, noneHan: -0.138, noneHanNearest: 3.439, noneHanKnown: -2.234,
		noneReach: 0.707, noneSure: -0.834, noneScore: -3.151, noneHanScore: 0.025,
	},
}
