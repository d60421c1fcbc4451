package adapters

import "context"

// Inspector looks at how an account is set up on its platform and says what to change there.
type Inspector interface {
	// Inspect asks the platform and changes nothing there. A platform that cannot be reached is a finding, not an error.
	Inspect(ctx context.Context, q Inspection) []Finding
}

// Inspection says what the account is meant to do.
type Inspection struct {
	WebhookURL string   // where the platform must deliver; "" when no public address is configured
	Groups     []ChatID // the chats of the desks this account sits in
}

// Level says how bad a Finding is.
type Level string

// The levels.
const (
	LevelOK      Level = "ok"
	LevelWarning Level = "warning" // works, but not as it could
	LevelError   Level = "error"   // something the gateway needs does not work
)

// Finding is one thing that was looked at. Its texts hold no secret.
type Finding struct {
	Level   Level
	Subject string // what was looked at and what it is like, in English as the command line is
	Fix     Fix    // the zero Fix for LevelOK
}

// Fine is a finding of something that works.
func Fine(subject string) Finding { return Finding{Level: LevelOK, Subject: subject} }

// Warn is a finding of something that works, but not as it should.
func Warn(subject string, fix Fix) Finding {
	return Finding{Level: LevelWarning, Subject: subject, Fix: fix}
}

// Bad is a finding of something the gateway needs and has not.
func Bad(subject string, fix Fix) Finding {
	return Finding{Level: LevelError, Subject: subject, Fix: fix}
}

// Fix says what to click or write, in English and in Chinese: the platforms' own pages are in either, and so are those who run the account.
type Fix struct{ EN, ZH string }
