package adapters

import "log/slog"

// Secret is a value that must not be printed: every formatting and encoding shows "***".
type Secret string

const masked = "***"

// Reveal returns the value itself, for the one call that needs it.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString masks %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText masks JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue masks structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Report collects one configuration problem: path is relative to the reporting struct ("app_id"), message says what is wrong and what to write instead.
type Report func(path, message string)
