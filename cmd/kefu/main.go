// Command kefu is the gateway and its tools for operators.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := root().ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintln(os.Stderr, "kefu:", err)
		}
		stop()
		os.Exit(1)
	}
}

// errReported ends the program with status 1 when everything was said already.
var errReported = errors.New("reported")

func root() *cobra.Command {
	c := &cobra.Command{
		Use: "kefu", Short: "Customer service on WeChat, Feishu and Telegram: bot, desk and tickets",
		SilenceErrors: true, SilenceUsage: true,
	}
	c.AddCommand(serve(), check(), faq(), ticket(), backup(), restore(), version())
	return c
}

// configFlag adds -c to a command.
func configFlag(c *cobra.Command) *string {
	return c.Flags().StringP("config", "c", "kefu.yaml", "configuration file")
}
