package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kefu/internal/app"
	"kefu/internal/config"
	"kefu/kb"
	"kefu/kb/faqeval"
)

func faq() *cobra.Command {
	c := &cobra.Command{Use: "faq", Short: "Look after the knowledge base"}
	c.AddCommand(faqImport(), faqExport(), faqList(), faqTest(), faqEval())
	return c
}

// withOffice runs fn on the data of the configuration.
func withOffice(c *cobra.Command, path string, fn func(*config.Config, app.Office) error) (err error) {
	cfg, err := load(c, path)
	if err != nil {
		return err
	}
	o, err := app.OpenOffice(c.Context(), cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	return fn(cfg, o)
}

// formatOf tells a file's format by its name.
func formatOf(file string) (string, error) {
	switch ext := strings.ToLower(filepath.Ext(file)); ext {
	case ".csv", ".json":
		return ext[1:], nil
	default:
		return "", fmt.Errorf("%s: the name must end in .csv or .json", file)
	}
}

func faqImport() *cobra.Command {
	c := &cobra.Command{Use: "import FILE.csv|xlsx|json", Short: "Store a file of entries, all or nothing", Args: cobra.ExactArgs(1)}
	path := configFlag(c)
	dry := c.Flags().Bool("dry-run", false, "only count what would change")
	c.RunE = func(c *cobra.Command, args []string) error {
		format, err := kb.FormatOf(args[0])
		if err != nil {
			return err
		}
		file, err := readFile(args[0], kb.MaxFile)
		if err != nil {
			return err
		}
		return withOffice(c, *path, func(_ *config.Config, o app.Office) error {
			s, err := o.Count(c.Context(), file, format)
			if wrong := (*kb.FileError)(nil); err == nil || errors.As(err, &wrong) {
				fmt.Fprintf(c.OutOrStdout(), "would import: %d new, %d changed, %d same, %d bad\n", s.New, s.Changed, s.Same, s.Bad)
			}
			if err != nil {
				return wrongFile(c, args[0], err)
			}
			if *dry {
				return nil
			}
			if s, err = o.Import(c.Context(), file, format, author(), importing(c)); err != nil {
				return wrongFile(c, args[0], err)
			}
			fmt.Fprintf(c.OutOrStdout(), "imported: %d new, %d changed, %d same\n", s.New, s.Changed, s.Same)
			return nil
		})
	}
	return c
}

// readFile reads a file, of a large one only enough to see that it is too large.
func readFile(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// wrongFile names every bad line of a file.
func wrongFile(c *cobra.Command, name string, err error) error {
	wrong, ok := errors.AsType[*kb.FileError](err)
	if !ok {
		return err
	}
	for _, p := range wrong.Problems {
		fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", name, p)
	}
	fmt.Fprintf(c.ErrOrStderr(), "nothing was imported: %d problems\n", len(wrong.Problems))
	return errReported
}

// importing tells in ten lines how far a large import is.
func importing(c *cobra.Command) kb.Progress {
	const lines, large = 10, 5000
	last := 0
	return func(done, total int) {
		if at := done * lines / total; total >= large && at > last {
			last = at
			fmt.Fprintf(c.ErrOrStderr(), "importing: %d of %d\n", done, total)
		}
	}
}

// author is who the history names for changes from the command line.
func author() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "cli"
}

func faqExport() *cobra.Command {
	c := &cobra.Command{Use: "export FILE.csv|xlsx|json", Short: "Write all entries to a file", Args: cobra.ExactArgs(1)}
	path := configFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		format, err := kb.FormatOf(args[0])
		if err != nil {
			return err
		}
		return withOffice(c, *path, func(cfg *config.Config, o app.Office) error {
			entries, err := o.Entries(c.Context())
			if err != nil {
				return err
			}
			if err := writeFile(args[0], func(w io.Writer) error { return format.Write(w, entries, cfg.Zone()) }); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%d entries written to %s\n", len(entries), args[0])
			return nil
		})
	}
	return c
}

// writeFile writes beside the file and renames, so that a failure leaves no half file.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".kefu-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func faqList() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the entries", Args: cobra.NoArgs}
	path := configFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return withOffice(c, *path, func(_ *config.Config, o app.Office) error {
			entries, err := o.Entries(c.Context())
			for i := range entries {
				e := &entries[i]
				fmt.Fprintf(c.OutOrStdout(), "%s\t%s\t%s\t%s\n", e.ID, e.State, e.Category, e.Question)
			}
			return err
		})
	}
	return c
}

func faqTest() *cobra.Command {
	c := &cobra.Command{
		Use: "test SENTENCE", Short: "Show what the bot would answer and why", Args: cobra.MinimumNArgs(1),
		Long: "Asks the knowledge base as a customer would, in the configured language. An embedding service is not asked: /faq test in a chat does that.",
	}
	path := configFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withOffice(c, *path, func(cfg *config.Config, o app.Office) error {
			entries, err := o.Entries(c.Context())
			if err != nil {
				return err
			}
			r := kb.IndexOf(entries, kb.IndexOptions{}).Match(kb.Question{Text: strings.Join(args, " "), Language: cfg.Language})
			limits := cfg.Bot.Thresholds()
			v := kb.Decide(r, limits)
			fmt.Fprintf(c.OutOrStdout(), "%s (certainty %.2f, answers from %.2f; nothing fits %.2f, gives up above %.2f)\n", v.Decision, r.Certainty(), limits.Answer, r.None, limits.Refuse)
			for _, k := range r.Candidates[:min(len(r.Candidates), 4)] {
				fmt.Fprintf(c.OutOrStdout(), "%.2f  %s  %s  (closest: %s; %s)\n", k.Confidence, k.ID, k.Question, k.Text, k.Why())
			}
			if v.Decision == kb.Answer {
				fmt.Fprintf(c.OutOrStdout(), "\n%s\n", v.Choices[0].Entry.AnswerIn(cfg.Language))
			}
			return nil
		})
	}
	return c
}

func faqEval() *cobra.Command {
	c := &cobra.Command{
		Use: "eval [FILE]", Short: "Measure matching on labeled questions", Args: cobra.MaximumNArgs(1),
		Long: "FILE holds lines of label<TAB>text (or CSV of label,text); the labels oos and - mark questions out of scope.\n" +
			"With -c its questions are asked of the knowledge base, whose entries the labels name by id or question; with --faq of that file's entries.\n" +
			"With FILE alone some of its own texts are asked of the others. Two files do the same as: --faq FILE --queries FILE [--oos FILE].",
	}
	var o faqeval.Options
	f := c.Flags()
	path := configFlag(c)
	f.StringVar(&o.FAQ, "faq", "", "entries: lines of label<TAB>text")
	f.StringVar(&o.Queries, "queries", "", "questions in scope: lines of label<TAB>text")
	f.StringVar(&o.OOS, "oos", "", "questions out of scope")
	f.BoolVar(&o.JSON, "json", false, "print JSON")
	perturb := f.String("perturb", "", "spoil the questions first: typo, homophone or traditional")
	f.Int64Var(&o.Seed, "seed", 1, "seed of --perturb")
	c.RunE = func(c *cobra.Command, args []string) error {
		o.Perturb = faqeval.Perturbation(*perturb)
		if len(args) == 0 && (o.FAQ == "" || o.Queries == "") {
			return errors.New("name a labeled FILE, or --faq FILE and --queries FILE")
		}
		if len(args) == 1 {
			o.File = args[0]
		}
		if !f.Changed("config") {
			return faqeval.Run(c.Context(), o, c.OutOrStdout())
		}
		if o.FAQ != "" || o.File == "" {
			return errors.New("-c asks the knowledge base the questions of a FILE: without --faq and --queries")
		}
		return evalStore(c, *path, o)
	}
	return c
}

// evalStore measures the configured knowledge base, with the bot's own limits.
func evalStore(c *cobra.Command, path string, o faqeval.Options) error {
	cfg, err := load(c, path)
	if err != nil {
		return err
	}
	o.Thresholds = cfg.Bot.Thresholds()
	return withOffice(c, path, func(_ *config.Config, office app.Office) error {
		entries, err := office.Entries(c.Context())
		if err != nil {
			return err
		}
		o.Entries = append([]kb.Entry{}, entries...) // not nil: an empty knowledge base is one
		return faqeval.Run(c.Context(), o, c.OutOrStdout())
	})
}

func ticket() *cobra.Command {
	c := &cobra.Command{Use: "ticket", Short: "Look at the tickets"}
	list := &cobra.Command{Use: "list", Short: "List all tickets", Args: cobra.NoArgs}
	listPath := configFlag(list)
	list.RunE = func(c *cobra.Command, _ []string) error {
		return withOffice(c, *listPath, func(_ *config.Config, o app.Office) error {
			all, err := o.Tickets(c.Context())
			for i := range all {
				t := &all[i]
				fmt.Fprintf(c.OutOrStdout(), "#%d\t%s\t%s\t%s\t%s\n", t.Number, t.State, t.Priority, t.Assignee, t.Title)
			}
			return err
		})
	}
	export := &cobra.Command{Use: "export FILE.csv|json", Short: "Write all tickets to a file", Args: cobra.ExactArgs(1)}
	exportPath := configFlag(export)
	export.RunE = func(c *cobra.Command, args []string) error {
		format, err := formatOf(args[0])
		if err != nil {
			return err
		}
		return withOffice(c, *exportPath, func(cfg *config.Config, o app.Office) error { return exportTickets(c, cfg, o, args[0], format) })
	}
	c.AddCommand(list, export)
	return c
}

func exportTickets(c *cobra.Command, cfg *config.Config, o app.Office, file, format string) error {
	all, err := o.Tickets(c.Context())
	if err != nil {
		return err
	}
	at := func(t time.Time) string { return t.In(cfg.Zone()).Format(time.RFC3339) }
	err = writeFile(file, func(w io.Writer) error {
		if format == "json" {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			return enc.Encode(all)
		}
		out := csv.NewWriter(w)
		rows := [][]string{{"number", "state", "priority", "category", "title", "description", "contact", "inbox", "desk", "assignee", "created", "updated"}}
		for i := range all {
			t := &all[i]
			rows = append(rows, []string{
				strconv.FormatInt(t.Number, 10), string(t.State), string(t.Priority), guard(t.Category), guard(t.Title), guard(t.Description),
				guard(t.Contact.Name), t.Contact.Inbox, guard(t.Desk), guard(t.Assignee), at(t.CreatedAt), at(t.UpdatedAt),
			})
		}
		return out.WriteAll(rows)
	})
	if err == nil {
		fmt.Fprintf(c.OutOrStdout(), "%d tickets written to %s\n", len(all), file)
	}
	return err
}

// guard keeps a spreadsheet from running a cell as a formula.
func guard(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
