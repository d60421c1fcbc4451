package kb

// The weights of the fusion, with and without the linear part. They were fitted by fit_test.go on questions drawn from the training texts
// of Banking77 (PolyAI, CC BY 4.0) and CLINC150 (Larson et al., CC BY 3.0) against stores of 12 to 130 entries with 1 to 60
// texts each, on the Chinese half of the sample shop, and on the entries and the
// development half of testdata/shop_zh; about a quarter of the weight is on questions out of scope.
var linearFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -2.679, sigTop: 4.435, sigCentroid: 5.706, sigBM25: -6.929, sigCover: 3.893, sigSense: -1.003,
		sigSenseWhole: 3.492, sigLinear: 0.177, sigNearestMany: 1.023, sigCentroidMany: -0.353, sigLinearMany: 0.064,
		sigLinearKnown: -0.079, sigCentroidKnown: 3.125, sigSenseMany: 0.272, sigSenseWholeMany: 0.214, sigSenseKnown: -0.857,
	},
	none: [numNoneSignals]float64{
		noneBias: 1.948, noneNearest: -0.271, noneCentroid: -0.310, noneBM25: 0.714, noneCover: -0.376, noneLinear: -0.194,
		noneKnown: -2.563, noneCount: 0.335, noneMany: 1.311, noneLength: -0.029, noneLinearMany: 0.001, noneHan: -0.786,
		noneHanNearest: 3.465, noneHanKnown: -0.913, noneReach: -1.932, noneSure: 0.176, noneScore: -2.927, noneHanScore: -0.942,
		noneLinearKnown: 0.147, noneSense: -0.391, noneSenseWhole: 0.183, noneHanSense: 0.290,
	},
	sure: [numSureSignals]float64{
		sureBias: 0.206, sureShare: 0.885, sureMany: -0.080, sureShareMany: -0.009, sureKnown: 0.564, sureNone: 0.818,
		sureHan: -0.352, sureShareHan: -0.247, sureCount: -0.115, sureSecond: -0.989,
	},
}

var plainFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -3.018, sigTop: 5.440, sigCentroid: 5.711, sigBM25: -7.775, sigCover: 4.711, sigSense: -1.365,
		sigSenseWhole: 4.127, sigNearestMany: 1.935, sigCentroidMany: 1.017, sigCentroidKnown: 3.558, sigSenseMany: 0.715,
		sigSenseWholeMany: 0.341, sigSenseKnown: -0.922,
	},
	none: [numNoneSignals]float64{
		noneBias: 2.627, noneNearest: -0.460, noneCentroid: -0.984, noneBM25: 0.824, noneCover: -0.471, noneKnown: -1.770,
		noneCount: 0.005, noneMany: 1.329, noneLength: -0.083, noneHan: -0.460, noneHanNearest: 2.949, noneHanKnown: -1.218,
		noneReach: -0.886, noneSure: -0.297, noneScore: -3.407, noneHanScore: 0.076, noneSense: -0.366, noneSenseWhole: 0.373,
		noneHanSense: -0.183,
	},
	sure: [numSureSignals]float64{
		sureBias: 0.728, sureShare: 0.846, sureMany: -0.013, sureShareMany: 0.008, sureKnown: 0.099, sureNone: 0.261,
		sureHan: -0.409, sureShareHan: -0.300, sureCount: -0.104, sureSecond: -1.465,
	},
}
