// Package faqeval measures how well a set of entries answers a set of questions.
//
// The files are TSV, "label<TAB>text" per line: of the FAQ file all texts of one label are one entry, the label of a question is the entry
// that answers it, and the labels of out-of-scope questions do not matter. Questions go through kb.Index.Match and kb.Decide at the
// default thresholds, the same two calls the bot makes, so the figures are those customers see.
//
// What the figures mean: top1, top3 and everything from answered to refused are shares of the in-scope questions, except answered_right
// (of those answered) and clarify_hit (of those asked back). auroc is the chance that an in-scope question gets a smaller None than one out
// of scope. ece is the mean distance, over ten equal bins weighted by size, between confidence of the best candidate and share of right ones among
// in-scope questions. cov90 is the largest share of in-scope questions that can be answered, most confident first, with 90 % of the
// answers right; cov95 the same for 95 %.
package faqeval
