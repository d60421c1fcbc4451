//go:build !race

package ferrettest

// race says that this program was built with the race detector.
const race = false
