// Package deploy holds the files a user starts from. The Go part is only there so that programs can carry the samples inside.
package deploy

import _ "embed"

// SampleFAQ is the FAQ of a small online shop, in the format of "kefu faq import"; see sample/README.md for its license.
//
//go:embed sample/faq.csv
var SampleFAQ []byte
