package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kefu/internal/app"
	"kefu/internal/archive"
)

func backup() *cobra.Command {
	c := &cobra.Command{
		Use: "backup FILE.zip", Short: "Write everything that is stored into one file", Args: cobra.ExactArgs(1),
		Long: "Writes messages, conversations, knowledge base and tickets into one zip file with checksums, also beside a running gateway, and verifies it.\n" +
			"The embedded database is read as it is at one moment; MongoDB document by document while gateways go on.",
	}
	path := configFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := load(c, *path)
		if err != nil {
			return err
		}
		m, err := app.Backup(c.Context(), cfg, args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: %d documents, verified\n", args[0], m.Documents())
		if !m.AtOnce {
			fmt.Fprintln(c.OutOrStdout(), "read document by document: for the state of one moment stop the gateways first")
		}
		return nil
	}
	return c
}

func restore() *cobra.Command {
	c := &cobra.Command{
		Use: "restore FILE.zip", Short: "Store a backup, all or nothing", Args: cobra.ExactArgs(1),
		Long: "Verifies the whole file and stores it into the configured database, embedded or MongoDB. Stop every gateway on that database first.\n" +
			"A restore that is cut is finished by running it again; no gateway starts before that.",
	}
	path := configFlag(c)
	replace := c.Flags().Bool("replace", false, "remove what is stored now")
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := load(c, *path)
		if err != nil {
			return err
		}
		m, err := app.Restore(c.Context(), cfg, args[0], *replace)
		if errors.Is(err, archive.ErrNotEmpty) {
			return fmt.Errorf("%w: use --replace to remove it, after a backup", err)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "restored: %d documents as of %s\n", m.Documents(), m.CreatedAt.In(cfg.Zone()).Format("2006-01-02 15:04:05"))
		return nil
	}
	return c
}
