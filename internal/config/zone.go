package config

import (
	"errors"
	"time"
	_ "time/tzdata" // 450 KB of the program, so that timezone also works where the system has no zones, as in a container made from scratch

	"kefu/adapters"
)

// Zone is where people read and write times. It expects Validate to have found nothing.
func (c *Config) Zone() *time.Location {
	zone, err := zone(c.Timezone)
	if err != nil {
		return time.Local
	}
	return zone
}

// zone finds a zone by its IANA name; "" is the server's.
func zone(name string) (*time.Location, error) {
	switch name {
	case "":
		return time.Local, nil
	case "Local": // says nothing, but time knows it
		return nil, errors.New("not a name of a zone")
	}
	return time.LoadLocation(name)
}

func (c *Config) validateZone(report adapters.Report) {
	if _, err := zone(c.Timezone); err != nil {
		report("timezone", `must be an IANA name such as "Asia/Shanghai", or empty for the server's own`)
	}
}

// isUTC says whether a zone never differs from UTC, which is what containers have unless somebody sets theirs.
func isUTC(zone *time.Location) bool {
	for month := time.January; month <= time.December; month++ {
		if _, offset := time.Date(2026, month, 1, 0, 0, 0, 0, zone).Zone(); offset != 0 {
			return false
		}
	}
	return true
}
