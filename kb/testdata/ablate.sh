#!/bin/sh
# Measures what each part of matching buys: takes the parts out of a copy of the module one at a time and prints the folds' figures
# (see folds_test.go). Usage, from the root of the module: KEFU_FIT=/path/to/data sh kb/testdata/ablate.sh
set -eu
root=$(pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

row() { # name, file, sed expression
	rm -rf "$copy/m" && mkdir "$copy/m"
	cp -r "$root/go.mod" "$root/go.sum" "$root/kb" "$root/deploy" "$root/internal" "$copy/m/"
	if [ -n "$2" ]; then
		sed -i "$3" "$copy/m/kb/$2"
		if cmp -s "$copy/m/kb/$2" "$root/kb/$2"; then
			echo "$1: nothing changed in $2" >&2
			exit 1
		fi
	fi
	printf '%-22s ' "$1"
	(cd "$copy/m" && go test -tags fit -run TestFolds -v ./kb) | awk '
		/^[a-z0-9_]+\/[0-9]+ / { printf "%s ", $2; sum += $2; linear += $3; n++ }
		END { printf "| fused %.1f classifier %.1f\n", sum / n, linear / n }'
}

row "all parts" "" ""
row "no classifier" linear.go 's/maxLinearEntries = 1000/maxLinearEntries = 0/'
row "no leaving out" linear.go 's/if bits&1 == 0 {/if true {/'
row "no senses" senses.go 's/for _, row := range rows {/for _, row := range rows[:0] {/'
row "no shape" shape.go 's/^\t\(\w*\) *= 0\.[0-9]*/\t\1 = 0/'
row "no like words" synonyms.go 's/range strings.Lines(synonymText)/range strings.Lines("")/'
row "no letters" tokens.go 's/weightLetters .*=.*/weightLetters = 1e-6/'
row "no pairs" tokens.go 's/weightPair .*=.*/weightPair = 1e-6/; s/weightHanPair .*=.*/weightHanPair = 1e-6/'
row "no readings" tokens.go 's/weightSyllable .*=.*/weightSyllable = 1e-6/; s/weightSyllablePair .*=.*/weightSyllablePair = 1e-6/'
row "plain IDF" lexicon.go 's/math.Sqrt(math.Log(1+(float64(total)-float64(df)+0.5)\/(float64(df)+0.5)) + 0.1)/math.Log(1+(float64(total)-float64(df)+0.5)\/(float64(df)+0.5)) + 0.1/'
