package main

import "kefu/internal/sim"

func say(from, text string) sim.Say { return sim.Say{From: from, Text: text} }
