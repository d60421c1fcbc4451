package bot

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

// What the buttons under a rated answer send back, each followed by the vote's token.
const (
	choiceGood = "good:"
	choiceBad  = "bad:"
)

// What one contact's votes may do to an entry.
const (
	maxVotes   = 5              // answers that can still be rated
	ratedAgain = 24 * time.Hour // the same entry is rated once in so long
	maxRated   = 20             // ratings remembered
)

// ratedLately says whether the contact's word on an entry is known.
func (t *turn) ratedLately(entry string) bool {
	return slices.ContainsFunc(t.c.Dialog.Rated, func(r handoff.Rating) bool { return r.Entry == entry && t.e.Now().Sub(r.At) < ratedAgain })
}

func (t *turn) rated(entry string) {
	d := &t.c.Dialog
	d.Rated = append(d.Rated, handoff.Rating{Entry: entry, At: docstore.Millis(t.e.Now())})
	if over := len(d.Rated) - maxRated; over > 0 {
		d.Rated = slices.Delete(d.Rated, 0, over)
	}
}

// askHelpful returns the words and buttons that ask whether an answer helped, for one in so many answers. They go with the answer itself: a message of
// their own could cost one of the last sends to a person.
func (t *turn) askHelpful(entry *kb.Entry, question string) (text string, choices []adapters.Choice) {
	d, every := &t.c.Dialog, t.e.Config.Feedback.Every
	if t.ratedLately(string(entry.ID)) {
		return "", nil
	}
	d.Answers++
	if every < 0 || d.Answers%max(every, 1) != 0 {
		return "", nil
	}
	v := handoff.Vote{Token: short(t.m.ID), Entry: string(entry.ID), Question: question, Open: true}
	d.Votes = append(d.Votes, v)
	if over := len(d.Votes) - maxVotes; over > 0 {
		d.Votes = slices.Delete(d.Votes, 0, over)
	}
	return "\n\n" + t.words(texts.FeedbackAsk), []adapters.Choice{
		{ID: choiceGood + v.Token, Label: t.words(texts.FeedbackGood)},
		{ID: choiceBad + v.Token, Label: t.words(texts.FeedbackBad)},
	}
}

// voted takes what a contact says about an answer: a button while it can be rated, a word or digit right after it was asked.
func (e *Engine) voted(_ context.Context, t *turn) (bool, error) {
	d := &t.c.Dialog
	open := slices.IndexFunc(d.Votes, func(v handoff.Vote) bool { return v.Open })
	i, good, ok := t.vote(open)
	for j := range d.Votes {
		d.Votes[j].Open = false
	}
	if !ok {
		return t.felt(), nil
	}
	if i < 0 || t.ratedLately(d.Votes[i].Entry) {
		t.decision = "rated before"
		t.say(texts.FeedbackThanks)
		return true, nil
	}
	v := d.Votes[i]
	d.Votes = slices.Delete(d.Votes, i, i+1)
	t.rated(v.Entry)
	t.decision = "rated " + v.Entry
	if good {
		t.found(transcript.FoundGood, v.Entry, v.Question)
		d.Unhelpful = 0
		t.say(texts.FeedbackThanks)
		return true, nil
	}
	t.found(transcript.FoundBad, v.Entry, v.Question)
	t.unhelpful()
	return true, nil
}

// felt takes words about an answer nobody asked to rate, or no longer: they are no question, and count for no entry.
func (t *turn) felt() bool {
	d, text := &t.c.Dialog, normalize(t.text)
	if d.Answers == 0 || d.Clarify != nil || d.Form != nil || t.m.Kind != adapters.KindMessage {
		return false
	}
	switch {
	case t.e.good[text]:
		t.decision = "praise"
		t.say(texts.FeedbackThanks)
	case t.e.bad[text]:
		t.decision = "complaint about an answer"
		t.unhelpful()
	default:
		return false
	}
	return true
}

// vote reads which answer is rated and how; i is negative for one that is rated already.
func (t *turn) vote(open int) (i int, good, ok bool) {
	for choice, value := range map[string]bool{choiceGood: true, choiceBad: false} {
		if token, found := strings.CutPrefix(t.m.Choice, choice); found {
			return slices.IndexFunc(t.c.Dialog.Votes, func(v handoff.Vote) bool { return v.Token == token }), value, true
		}
	}
	if open < 0 || t.m.Kind != adapters.KindMessage {
		return 0, false, false
	}
	n, isDigit := digit(t.text)
	switch {
	case isDigit && n == 1, t.e.good[normalize(t.text)]:
		return open, true, true
	case isDigit && n == 2, t.e.bad[normalize(t.text)]:
		return open, false, true
	}
	return 0, false, false
}

// unhelpful says sorry; where answers went wrong often enough a person is offered.
func (t *turn) unhelpful() {
	d := &t.c.Dialog
	d.Unhelpful++
	if d.Unhelpful+d.Misses < t.e.Config.HandoffAfter {
		t.say(texts.FeedbackSorry)
		return
	}
	d.Unhelpful = 0
	t.post(t.words(texts.FeedbackOfferHuman), adapters.Choice{ID: choiceHuman, Label: t.words(texts.ButtonHuman)})
}

// refused tells people who are nobody to the knowledge base who may run it.
func (e *Engine) refused(_ context.Context, t *turn) (bool, error) {
	if !e.refusable(t.m) {
		return false, nil
	}
	t.decision = "faq: refused"
	t.say(texts.FaqRefused, "ID", string(t.m.From.ID))
	return true, nil
}

// short is a stable id of 10 characters made from a longer one.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10])
}
