package telegramsim

import (
	"encoding/json"
	"regexp"
	"unicode/utf8"
)

var (
	menuName     = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)
	languageForm = regexp.MustCompile(`^([a-z]{2})?$`)
)

const mostCommands = 100

func (s *Sim) setMyCommands(p params) (any, *refusal) {
	var all []struct{ Command, Description string }
	if err := json.Unmarshal([]byte(p["commands"]), &all); err != nil {
		return nil, badRequest("can't parse commands JSON object")
	}
	var scope struct{ Type string }
	if raw := p["scope"]; raw != "" && (json.Unmarshal([]byte(raw), &scope) != nil || scope.Type == "") {
		return nil, badRequest("can't parse BotCommandScope: Field \"type\" must be of type String")
	}
	if !languageForm.MatchString(p["language_code"]) {
		return nil, badRequest("invalid language code specified")
	}
	if len(all) > mostCommands {
		return nil, badRequest("BOT_COMMANDS_TOO_MUCH")
	}
	menu := map[string]string{}
	for _, c := range all {
		if !menuName.MatchString(c.Command) {
			return nil, badRequest("BOT_COMMAND_INVALID")
		}
		if n := utf8.RuneCountInString(c.Description); n == 0 || n > 256 {
			return nil, badRequest("BOT_COMMAND_DESCRIPTION_INVALID")
		}
		menu[c.Command] = c.Description
	}
	s.menus[scope.Type+"|"+p["language_code"]] = menu
	return true, nil
}

// Commands returns the commands a scope ("all_private_chats", "" = default) offers in a language ("" = all others), and what each says it does.
func (s *Sim) Commands(scope, language string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.menus[scope+"|"+language]
}
