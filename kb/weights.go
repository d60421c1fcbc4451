package kb

// The weights of the fusion, with and without the linear part. They were fitted by fit_test.go on questions drawn from the training texts
// of Banking77 (PolyAI, CC BY 4.0) and CLINC150 (Larson et al., CC BY 3.0) against stores of 12 to 130 entries with 1 to 60
// texts each, on the Chinese half of the sample shop, and on the entries and the
// development half of testdata/shop_zh; about a quarter of the weight is on questions out of scope.
var linearFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -1.986, sigTop: 3.561, sigCentroid: 7.404, sigBM25: -7.417, sigCover: 4.021, sigSense: -0.128,
		sigSenseWhole: 2.555, sigLinear: 0.052, sigNearestMany: 0.648, sigCentroidMany: -0.948, sigLinearMany: 0.134,
		sigLinearKnown: -0.099, sigCentroidKnown: 3.732, sigSenseMany: -0.346, sigSenseWholeMany: 0.124, sigSenseKnown: -0.203,
	},
	none: [numNoneSignals]float64{
		noneBias: 1.832, noneNearest: -0.070, noneCentroid: -0.285, noneBM25: 0.772, noneCover: -0.592, noneLinear: -0.231,
		noneKnown: -2.646, noneCount: 0.337, noneMany: 1.235, noneLength: 0.038, noneLinearMany: 0.002, noneHan: -0.608,
		noneHanNearest: 4.056, noneHanKnown: -1.620, noneReach: -1.040, noneSure: -0.232, noneScore: -2.946, noneHanScore: 0.101,
		noneLinearKnown: 0.150, noneSense: -0.174, noneSenseWhole: 0.056, noneHanSense: -0.166,
	},
	sure: [numSureSignals]float64{
		sureBias: 0.649, sureShare: 0.892, sureMany: -0.047, sureShareMany: -0.022, sureKnown: -0.126, sureNone: 0.516,
		sureHan: -0.641, sureShareHan: -0.178, sureCount: -0.049, sureSecond: -1.458,
	},
}

var plainFusion = fusion{
	entry: [numSignals]float64{
		sigNearest: -3.511, sigTop: 4.487, sigCentroid: 7.615, sigBM25: -7.808, sigCover: 4.612, sigSense: -1.049,
		sigSenseWhole: 3.800, sigNearestMany: 2.300, sigCentroidMany: 0.555, sigCentroidKnown: 3.010, sigSenseMany: 0.660,
		sigSenseWholeMany: 0.214, sigSenseKnown: -1.014,
	},
	none: [numNoneSignals]float64{
		noneBias: 2.377, noneNearest: -0.122, noneCentroid: -1.064, noneBM25: 0.915, noneCover: -0.641, noneKnown: -2.025,
		noneCount: 0.020, noneMany: 1.366, noneLength: 0.065, noneHan: -0.425, noneHanNearest: 3.207, noneHanKnown: -1.662,
		noneReach: -0.152, noneSure: -0.665, noneScore: -3.724, noneHanScore: 0.625, noneSense: -0.214, noneSenseWhole: 0.283,
		noneHanSense: -0.494,
	},
	sure: [numSureSignals]float64{
		sureBias: 0.633, sureShare: 0.847, sureMany: -0.022, sureShareMany: 0.016, sureKnown: -0.232, sureNone: 0.313,
		sureHan: -0.637, sureShareHan: -0.187, sureCount: -0.015, sureSecond: -1.417,
	},
}
