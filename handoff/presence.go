package handoff

import (
	"context"
	"fmt"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// Duty says whether a person takes cases.
type Duty string

// The duties. A person who never said anything is on duty.
const (
	DutyOn   Duty = "on"
	DutyBusy Duty = "busy" // serves what they have, takes nothing new
	DutyOff  Duty = "off"
)

type presence struct {
	Inbox adapters.InboxName `json:"inbox"`
	ID    adapters.PersonID  `json:"id"`
	Duty  Duty               `json:"duty"`
	Since time.Time          `json:"since"`
}

// Roster stores who is on duty.
type Roster struct {
	docs *docstore.Collection[presence]
	dir  *Directory
	now  func() time.Time
}

// NewRoster opens the collection.
func NewRoster(ctx context.Context, s *docstore.Store, dir *Directory, now func() time.Time) (*Roster, error) {
	docs, err := docstore.Open[presence](ctx, s, "presence")
	if err != nil {
		return nil, err
	}
	return &Roster{docs: docs, dir: dir, now: now}, nil
}

func presenceID(m Member) string { return string(m.Inbox) + "|" + string(m.ID) }

// Set records what a person said.
func (r *Roster) Set(ctx context.Context, m Member, d Duty) error {
	_, err := r.docs.Upsert(ctx, presenceID(m), func(p *presence, _ bool) error {
		*p = presence{Inbox: m.Inbox, ID: m.ID, Duty: d, Since: docstore.Millis(r.now())}
		return nil
	})
	return err
}

// Duties returns the duty of everybody of a desk's crew, in the crew's order.
func (r *Roster) Duties(ctx context.Context, k Desk) ([]Member, []Duty, error) {
	crew := r.dir.Crew(k)
	docs, err := r.docs.Find(ctx, docstore.Query{Min: string(k.Inbox) + "|", Max: string(k.Inbox) + "}"})
	if err != nil {
		return nil, nil, fmt.Errorf("who is on duty: %w", err)
	}
	said := map[adapters.PersonID]Duty{}
	for _, d := range docs {
		said[d.Value.ID] = d.Value.Duty
	}
	duties := make([]Duty, len(crew))
	for i, m := range crew {
		if duties[i] = said[m.ID]; duties[i] == "" {
			duties[i] = DutyOn
		}
	}
	return crew, duties, nil
}

// Anyone says whether somebody of the desk takes new cases now.
func (r *Roster) Anyone(ctx context.Context, k Desk) (bool, error) {
	_, duties, err := r.Duties(ctx, k)
	for _, d := range duties {
		if d == DutyOn {
			return true, err
		}
	}
	return false, err
}
