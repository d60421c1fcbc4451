package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kefu/adapters"
	"kefu/internal/app"
	"kefu/internal/config"
)

// inspect asks the platforms how the accounts are set up there, prints a table, and ends with an error when something does not work.
func inspect(c *cobra.Command, cfg *config.Config) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	findings, err := app.Inspect(c.Context(), cfg, log)
	if err != nil {
		return err
	}
	if err := printFindings(c.OutOrStdout(), findings); err != nil {
		return err
	}
	for _, f := range findings {
		if f.Level == adapters.LevelError {
			return errReported
		}
	}
	return nil
}

func printFindings(out io.Writer, findings []app.Finding) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Level, f.Inbox, f.Subject)
		for _, fix := range []string{f.Fix.EN, f.Fix.ZH} {
			if fix != "" {
				fmt.Fprintf(w, "\t\t-> %s\n", fix)
			}
		}
	}
	return w.Flush()
}
