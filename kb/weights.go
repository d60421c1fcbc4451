package kb

// The weights of the fusion, with and without the linear part. They were fitted by fit_test.go on questions drawn from the training texts
// of Banking77 (PolyAI, CC BY 4.0) and CLINC150 (Larson et al., CC BY 3.0) against stores of 12 to 130 entries with 1 to 60
// texts each, on the Chinese half of the sample shop, and on the entries and the
// development half of testdata/shop_zh; about a quarter of the weight is on questions out of scope.
var linearFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -2.683, sigTop: 3.643, sigCentroid: 6.541, sigBM25: -6.952, sigCover: 3.841, sigSense: -0.741,
		sigSenseWhole: 3.142, sigLinear: 0.211, sigNearestMany: 1.115, sigCentroidMany: -0.620, sigLinearMany: 0.069,
		sigLinearKnown: -0.106, sigCentroidKnown: 2.931, sigSenseMany: 0.089, sigSenseWholeMany: -0.019, sigSenseKnown: -0.863,
	},
	none: [numNoneSignals]float64{
		noneBias: 1.903, noneNearest: 0.029, noneCentroid: -0.328, noneBM25: 0.745, noneCover: -0.616, noneLinear: -0.200,
		noneKnown: -2.783, noneCount: 0.352, noneMany: 1.349, noneLength: 0.062, noneLinearMany: -0.003, noneHan: -0.724,
		noneHanNearest: 3.846, noneHanKnown: -1.416, noneReach: -1.389, noneSure: -0.234, noneScore: -3.019,
		noneHanScore: -0.355, noneLinearKnown: 0.154, noneSense: -0.452, noneSenseWhole: 0.175, noneHanSense: -0.119,
	},
	sure: [numSureSignals]float64{
		sureBias: 0.547, sureShare: 0.840, sureMany: -0.013, sureShareMany: 0.001, sureKnown: -0.052, sureNone: 0.444,
		sureHan: -0.473, sureShareHan: -0.127, sureCount: -0.057, sureSecond: -1.700,
	},
}

var plainFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -3.580, sigTop: 4.506, sigCentroid: 7.546, sigBM25: -7.753, sigCover: 4.655, sigSense: -1.019,
		sigSenseWhole: 3.793, sigNearestMany: 2.326, sigCentroidMany: 0.560, sigCentroidKnown: 3.091, sigSenseMany: 0.655,
		sigSenseWholeMany: 0.236, sigSenseKnown: -1.162,
	},
	none: [numNoneSignals]float64{
		noneBias: 2.509, noneNearest: -0.035, noneCentroid: -1.059, noneBM25: 0.831, noneCover: -0.651, noneKnown: -2.016,
		noneCount: 0.004, noneMany: 1.376, noneLength: 0.047, noneHan: -0.386, noneHanNearest: 3.181, noneHanKnown: -1.717,
		noneReach: -0.184, noneSure: -0.674, noneScore: -3.707, noneHanScore: 0.639, noneSense: -0.492, noneSenseWhole: 0.483,
		noneHanSense: -0.432,
	},
	sure: [numSureSignals]float64{
		sureBias: 0.564, sureShare: 0.852, sureMany: -0.026, sureShareMany: 0.013, sureKnown: -0.182, sureNone: 0.339,
		sureHan: -0.623, sureShareHan: -0.186, sureCount: -0.007, sureSecond: -1.428,
	},
}
