// Package faqeval measures how well a set of entries answers a set of questions.
//
// The files are TSV, "label<TAB>text" per line, or CSV of the same two columns: of the FAQ file all texts of one label are one entry, the label of a question is the entry
// that answers it, and the labels of out-of-scope questions do not matter. Questions go through kb.Index.Match and kb.Decide at the
// default thresholds, the same two calls the bot makes, so the figures are those customers see.
//
// With one labeled file instead its questions go to a knowledge base, whose entries the labels name by id or question, or to an FAQ file; the labels "oos" and
// "-" mark questions out of scope. With nothing else its texts are entries as well: the second of a label's texts and every fifth from there are
// asked of the others, so that a collection of questions shows what it is worth before it is a knowledge base.
//
// What the figures mean: top1, top3 and everything from answered to refused are shares of the in-scope questions, except answered_right
// (of those answered) and clarify_hit (of those asked back). auroc is the chance that an in-scope question gets a smaller None than one out
// of scope. ece is the mean distance, over ten equal bins weighted by size, between confidence of the best candidate and share of right ones among
// in-scope questions. cov90 is the largest share of in-scope questions that can be answered, most confident first, with 90 % of the
// answers right; cov95 the same for 95 %.
package faqeval
