package kb

// The weights of the fusion, with and without the linear part. They were fitted by fit_test.go on questions drawn from the training texts
// of Banking77 (PolyAI, CC BY 4.0) and CLINC150 (Larson et al., CC BY 3.0) against stores of 12 to 130 entries with 1 to 60
// texts each, on the Chinese half of the sample shop, and on the entries and the
// development half of testdata/shop_zh; about a quarter of the weight is on questions out of scope.
var linearFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -1.264, sigTop: 4.058, sigCentroid: 8.133, sigBM25: -7.761, sigCover: 4.406, sigLinear: -0.054,
		sigNearestMany: 0.328, sigCentroidMany: -0.703, sigLinearMany: 0.172, sigLinearKnown: -0.102, sigCentroidKnown: 4.758,
	},
	none: [numNoneSignals]float64{
		noneBias: 1.811, noneNearest: -0.098, noneCentroid: -0.200, noneBM25: 0.933, noneCover: -0.542, noneLinear: -0.205,
		noneKnown: -2.737, noneCount: 0.220, noneMany: 1.200, noneLength: -0.008, noneLinearMany: 0.003, noneHan: -0.287,
		noneHanNearest: 4.229, noneHanKnown: -1.784, noneReach: -0.919, noneSure: -0.446, noneScore: -3.004, noneHanScore: -0.255,
		noneLinearKnown: 0.145,
	},
	sure: [numSureSignals]float64{
		sureBias: 0.630, sureShare: 0.876, sureMany: -0.009, sureShareMany: -0.039, sureKnown: -0.071, sureNone: 0.220,
		sureHan: -0.513, sureShareHan: -0.146, sureCount: -0.043, sureSecond: -1.722,
	},
}

var plainFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -3.525, sigTop: 4.526, sigCentroid: 8.589, sigBM25: -8.298, sigCover: 4.947, sigNearestMany: 2.416,
		sigCentroidMany: 0.773, sigCentroidKnown: 3.385,
	},
	none: [numNoneSignals]float64{
		noneBias: 2.143, noneNearest: -0.137, noneCentroid: -1.084, noneBM25: 0.976, noneCover: -0.592, noneKnown: -2.185,
		noneCount: 0.044, noneMany: 1.202, noneLength: -0.006, noneHan: -0.246, noneHanNearest: 3.198, noneHanKnown: -1.795,
		noneReach: -0.025, noneSure: -0.581, noneScore: -3.732, noneHanScore: 0.359,
	},
	sure: [numSureSignals]float64{
		sureBias: 0.613, sureShare: 0.841, sureMany: 0.037, sureShareMany: -0.003, sureKnown: -0.259, sureNone: 0.146,
		sureHan: -0.541, sureShareHan: -0.143, sureCount: -0.012, sureSecond: -1.609,
	},
}
