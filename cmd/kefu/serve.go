package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"kefu/internal/app"
	"kefu/internal/config"
)

func serve() *cobra.Command {
	c := &cobra.Command{Use: "serve", Short: "Run the gateway until interrupted", Args: cobra.NoArgs}
	path := configFlag(c)
	level := c.Flags().String("log", "info", "least level logged: debug, info, warn or error")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var l slog.Level
		if err := l.UnmarshalText([]byte(*level)); err != nil {
			return fmt.Errorf("--log: %w", err)
		}
		cfg, err := load(c, *path)
		if err != nil {
			return err
		}
		log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l, ReplaceAttr: readable}))
		for _, w := range cfg.Warnings() {
			log.Warn("configuration can be better", "why", w)
		}
		a, err := app.New(c.Context(), cfg, app.Options{Log: log})
		if err != nil {
			return err
		}
		return a.Run(c.Context())
	}
	return c
}

// readable writes durations as people do, not as nanoseconds.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

func check() *cobra.Command {
	c := &cobra.Command{Use: "check", Short: "Find every mistake in the configuration and, with --live, in the platforms' settings", Args: cobra.NoArgs}
	path := configFlag(c)
	live := c.Flags().Bool("live", false, "also ask the platforms")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := load(c, *path)
		if err != nil {
			return err
		}
		for _, w := range cfg.Warnings() {
			fmt.Fprintln(c.OutOrStdout(), "warning:", w)
		}
		fmt.Fprintf(c.OutOrStdout(), "%s is correct: %d inboxes, %d desks, %d people\n", *path, len(cfg.Inboxes), len(cfg.Desks), len(cfg.People))
		for _, in := range cfg.Inboxes {
			if url := cfg.WebhookURL(in.Name); url != "" && in.Webhook() {
				fmt.Fprintf(c.OutOrStdout(), "  %s is delivered to %s\n", in.Name, url)
			}
		}
		if *live {
			return inspect(c, cfg)
		}
		return nil
	}
	return c
}

// load reads the configuration and prints all its problems, a line each.
func load(c *cobra.Command, path string) (*config.Config, error) {
	cfg, err := config.Load(path, os.Environ())
	var problems config.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Fprintln(c.ErrOrStderr(), p)
		}
		return nil, errReported
	}
	return cfg, err
}

func version() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		info, _ := debug.ReadBuildInfo()
		fmt.Fprintln(c.OutOrStdout(), "kefu", info.Main.Version, info.GoVersion)
		return nil
	}}
}
