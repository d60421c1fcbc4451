// Package kb is the knowledge base: FAQ entries, their store, and the matcher that finds the entry for a question.
//
// # Store
//
// Everything that ever changed is one log in the document store. A record's id is its revision, so inserting record n+1 is the
// compare-and-swap of the whole knowledge base: of all processes that saw revision n one wins, the others read what it wrote and decide again.
// Hence uniqueness of questions is exact, numbers are never given twice, history and undo cost nothing, and a reader needs one look-up by id to learn
// that nothing changed. An import stages its rows where no reader looks, under a batch that is announced first, and becomes visible by one record;
// a crash before it leaves rows that the next import or Maintain removes. The removal is a record too, written before the first row goes, so a paused
// import can never publish what was swept. A checkpoint is a batch of all entries, from which a start reads on. The log itself is kept.
// Consequence: all entries are in memory, some 1 KB each, in each process that opens the store; for 100,000 entries that is well
// below what their index needs.
//
// # Index and matching
//
// Index holds an immutable snapshot that is swapped in whole. Stores of up to 2,000 entries are indexed anew at each change; larger ones put
// changes into a small second model beside the main one, until it holds a twentieth of the entries. Replicas poll the next revision twice a second,
// and rank alike, because nothing depends on order of arrival, map order or chance.
//
// A question goes through these steps:
//   - Normalize: NFKC, lower case, traditional to simplified, no punctuation or emoji. Courtesies around the question ("你好，在吗", "thanks") go.
//   - Latin words no entry knows are corrected to one that is a single slip away or, from six letters on, two. A Han character that neither
//     an entry nor the language has beside its neighbors becomes one of the store that sounds alike and that an entry has beside both; one that no
//     entry holds at all, also one beside a single neighbor or one that makes a word with it.
//   - Features: words and word pairs with light stemming, letter n-grams of 2 to 4 inside words, Han characters and pairs, toneless pinyin
//     syllables and pairs; TF-IDF with document frequency counted over entries, not texts.
//   - The 48 entries with the likest centroids, rarest features first, are compared text by text.
//   - Senses: words are looked up in two tables of vectors of 64 dimensions, 24,900 English words and 60,000 Chinese ones, of which the longest count. What
//     a text means is the sum of its words' vectors, weighed by rarity in the language and in the store.
//   - Signals per entry: nearest text, three nearest texts, centroid, BM25, share of the question covered, likeness of sense to a text and to all of
//     them, and the score of a softmax classifier trained on the store's own texts, their senses and their shape: first and last word, length (up to 1,000 entries). Up to 2,000 texts it is trained before the first answer, in less than half a second,
//     so that answers do not change soon after a start; larger stores train in the background.
//   - A conditional logit turns the signals into shares of the candidates, as if one of them had to be right. A second logit gives None, the
//     probability that none is, from the best signals and how well the question is known; a third, how far the best share can be trusted, which is
//     the confidence. Each has two sets of weights, with and without the classifier. A question that is letter for letter a text of an entry gets 0.995.
//   - The sentences of a message are also matched one by one. Where one would be answered and another asks for a different entry, both are
//     offered instead of answering one of them.
//
// Like words, of data/synonyms.txt, are one more feature of a text that holds one of them.
//
// Decide answers when confidence less seven tenths of None and the second best's reaches the limit and None is at most 0.3, gives up when None is
// high or the choices together hold the right one with less than about even odds, else asks back.
//
// # What was tried
//
// Choices are made on folds (folds_test.go, build tag fit): stores drawn from the texts of labeled sets with a tenth of the labels left out, asked
// the other texts. The number behind the slash is texts per entry, 0 = four fifths of all. Right entry first (%) of all signals together and of
// single ones, calibration error in points, share answered and right among answered, truth among the choices when asked back:
//
//	fold         all  classifier  centroid  nearest  error  answered  right  choices
//	banking77/5  69.3 68.7        67.4      61.4     3.1    40.8      94.4   84.3
//	banking77/10 79.2 78.9        74.8      71.0     2.4    57.2      95.3   89.5
//	banking77/30 86.9 86.4        79.6      80.1     2.2    69.9      97.6   91.8
//	banking77/0  91.2 91.5        80.1      85.7     2.0    81.2      97.5   92.5
//	clinc150/5   81.0 81.8        77.9      75.1     3.6    57.3      96.5   90.5
//	clinc150/10  87.3 87.4        82.5      81.1     2.2    68.9      97.8   92.9
//	clinc150/0   95.7 96.4        87.7      92.0     1.3    88.9      99.2   96.2
//	smp_zh/5     81.6 82.1        78.9      76.4     5.0    52.5      97.4   94.0
//	smp_zh/10    82.3 82.7        77.9      77.5     2.6    57.1      97.1   96.0
//	smp_zh/0     93.3 92.4        86.4      87.1     3.6    69.5      98.9   98.9
//	curekart/5   65.4 66.5        62.8      59.8     9.5    43.5      93.0   80.2
//	curekart/0   90.0 91.3        84.6      84.5     5.2    75.1      97.6   95.0
//
//	KEFU_SEEDS=4 KEFU_FIT=/path/to/data go test -tags fit -run TestFolds -v ./kb
//
// What each part buys: the part taken out, weights of the fusion as they are; right entry first, four draws per fold. It was measured while texts of 40 features and
// less were learned whole, now those of 50, which moves single figures by up to 0.5:
//
//	                banking77        clinc150         smp_zh           curekart   sample
//	                5    10   0      5    10   0      5    10   0      5    0     shop   mean
//	all parts       69.4 79.3 91.4   81.2 87.2 95.7   81.8 82.8 93.3   65.6 90.4   64.1   81.8
//	no classifier   68.5 78.1 89.1   80.0 86.1 93.7   81.0 81.5 91.9   63.7 89.1   64.6   80.6
//	no leaving out  69.0 78.8 91.2   80.7 87.3 95.4   81.6 83.1 93.4   67.2 90.7   64.1   81.9
//	no shape        69.2 79.1 91.3   80.8 87.1 95.6   81.5 82.1 92.3   65.1 90.2   65.1   81.6
//	no senses       69.3 78.8 91.6   80.3 86.1 96.0   80.3 81.1 92.0   64.3 89.1   65.4   81.2
//	no like words   67.3 77.4 90.8   80.1 86.7 96.1   79.1 81.1 92.5   61.2 88.9   55.4   79.7
//	no letters      68.5 77.9 91.5   80.4 86.6 95.8   81.8 82.7 93.1   64.0 88.6   64.1   81.3
//	no pairs        68.7 79.4 91.4   80.7 86.6 95.2   81.5 82.4 93.1   65.6 90.0   65.6   81.7
//	no readings     69.4 79.3 91.4   81.2 87.2 95.7   81.6 82.6 93.2   65.6 90.4   65.1   81.9
//	plain IDF       67.2 76.9 89.7   80.7 86.0 94.6   81.9 82.3 92.4   65.3 89.6   69.0   81.3
//
//	KEFU_SEEDS=4 KEFU_FIT=/path/to/data sh kb/testdata/ablate.sh
//
// Senses buy a point with few texts per entry in Chinese, in CLINC150 and in shops, and nothing where entries have a hundred texts. Shape buys a
// point in Chinese with many texts per entry and half a one with ten. Leaving out features pays for long texts only, so that short ones keep all of
// theirs. The list of like words was written with shops, banks and assistants in mind, so its row flatters on other subjects; the other rows do not
// depend on subject. Readings pay under homophones only: `kefu faq eval --perturb homophone`. Correcting by sound with what is a word of the
// language takes a homophone's cost on smp_zh with ten texts from 3.3 to 1.8 points, with all texts from 2.0 to 1.2; correcting two slips halves
// what two typos cost on Banking77 with ten texts (4.5 to 2.1); on questions without slips it costs 0.1 to 0.4.
//
// Tried since and left out: likeness of each word of the question to the likest word of a text (its sense against theirs one by one), which added
// 0.1 points for five times the work; what marks a question ends with, as features of the classifier (0.1); a second, one-against-the-rest
// classifier with a margin (0.0 for twice the memory); how easily the store confuses its own texts as a signal of trust (0.0); vectors without
// their mean and one or four instead of two strongest directions; 30,000 or 45,000 instead of 60,000 Chinese words. Triples of words for the
// classifier, its score in deviations over all entries as further signals, lists of cities, months, foods and the like as one word each, 180 more
// lines of like words, more or less decay, rate, steps and leaving out of the classifier. Each was within half a point on the mean of the folds, up
// on some sets and down on others, and triples took half as much memory again. Correcting known characters by one neighbor only turned rare words
// into common ones ("清蒸鱼" into "清蒸语") and lost 0.7 points.
//
// What moves top-1 by less than half a point on the mean of 13 folds, that is, not at all: twice or half the letter n-grams' weight, n-grams of 2 to 5 or 3 to 5,
// heavier word pairs, Han pairs at 0.8 or 1, Han triples, half the weight of pinyin, a power of the IDF between 0.35 and 0.7, half the rate of the classifier, ten times its
// decay, half or twice its steps. The senses were the next step, the shape the one after.
// A limit on how close the second best may come (a tenth) makes 94 instead of 90 of 100 answers right on banking77/10 but answers 59 instead of 71,
// and asks back on plain questions such as "运费". Counting None in full against an answer gave the same figures as half and asked back
// on more sentences of the sample shop. One logit with none as one more alternative, as it was before, cannot both be calibrated in scope
// and refuse strangers.
//
// Pinyin comes from go-pinyin's table, folded into one array at first use; its own call allocates for each character. The traditional script
// table is Unihan's and costs 17 KB. No word segmenter: it costs seconds of start and does not beat pairs of characters. Using only features that
// two texts share for the classifier halved its size and lost 2 points with five texts per entry.
// The weights were fitted by fit_test.go on Banking77, CLINC150, the sample shop and half of testdata/shop_zh; questions
// out of scope count for about a quarter there. The weight of the sample shop, the choice among weight sets and the form of the decision rule were settled by looking at
// its test sentences, so those flatter: TestSampleShop guards against change and is no evidence of quality.
//
// # Known failures
//
// Senses know words one by one: "card did not arrive" and "never got my card" are only as alike as their words, and a word that customers
// of one trade use in a meaning of their own is taken in the common one. More similar questions are the cure. On testdata/shop_zh, whose
// questions share few words with their entries, only 44 % are found first, 10 % are answered, of these 89 % rightly, and a homophone costs
// 2 points. In small stores a question that shares its frame with an entry ("...怎么办", "...在哪里") may be answered though it asks of something
// else. A question that an absent neighbor of an entry should answer is answered too often: a seventh to a third of those whose label was
// taken out of Banking77.
//
// Confidence on questions in scope is off by 2 to 5 points (mean over bins) on most folds, by 9 in shops with three to five texts per entry. With
// five texts per entry 93 to 95 of 100 direct answers are right; a floor of 0.75 or 0.8 is the way to more. Two typos cost up to 4.8
// points in Chinese with ten texts per entry.
//
// One wrong Chinese character is only bridged by pinyin when it sounds alike. Two slips in a word of less than six letters, or in a store of over
// 30,000 words, are not corrected. While a store of several thousand texts is edited all the time, the classifier is started anew each time and may not get ready; matching works without it.
//
// # Data
//
// data/simplified.txt is made from the Unicode Han Database 15.0 (see data/LICENSE-UNICODE). The weights are derived from Banking77
// (PolyAI, CC BY 4.0) and CLINC150 (Larson et al. 2019, CC BY 3.0); no text of them is in the program. data/senses_latin.bin is made from GloVe 6B (PDDL),
// data/senses_han.bin from CC-CEDICT (CC BY-SA 4.0), whose English explanations lend Chinese words their vectors (data/LICENSE-SENSES); senses_fit_test.go
// makes both. They were chosen over a model to download: 5.9 MB in the program, no file beside it, a look-up costs nanoseconds.
package kb
