package wechat

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"kefu/adapters"
)

// TemplateKind says which of the platform's two ways a template is sent by.
type TemplateKind string

// The kinds. Both need a certified service account.
const (
	// TemplateMessage is 模板消息: https://developers.weixin.qq.com/doc/service/guide/product/template_message/Template_Message_Interface.html .
	TemplateMessage TemplateKind = "template"
	// TemplateSubscription is 订阅通知, to people who agreed to it: https://developers.weixin.qq.com/doc/offiaccount/Subscription_Messages/api.html .
	TemplateSubscription TemplateKind = "subscription"
)

const (
	pathTemplate     = "/cgi-bin/message/template/send"
	pathSubscription = "/cgi-bin/message/subscribe/bizsend"
)

// Template is the fixed message that tells a person outside the reply window that something waits for them.
type Template struct {
	ID   string       `yaml:"id"`
	Kind TemplateKind `yaml:"kind"` // default template
	URL  string       `yaml:"url"`  // opened by a tap; optional
	// Fields are the template's own fields (thing1, time2) and what stands in them; {time} is the time of sending.
	Fields map[string]string `yaml:"fields"`
}

// maxField is the longest value of a field of kind "thing", in characters; the platform refuses longer ones (47003).
const maxField = 20

var fieldName = regexp.MustCompile(`^[a-z_]+[0-9]{0,3}$`)

func (t *Template) validate(report adapters.Report) {
	if t.ID == "" {
		report("template.id", "is missing; copy it from the platform's page 模板消息 or 订阅通知")
	}
	if t.Kind != TemplateMessage && t.Kind != TemplateSubscription {
		report("template.kind", fmt.Sprintf("%q is not one of template, subscription", t.Kind))
	}
	if len(t.Fields) == 0 {
		report("template.fields", "is empty; write the template's fields, such as thing1: 您有新的客服回复")
	}
	if t.URL != "" && checkBase(strings.SplitN(t.URL, "?", 2)[0]) != nil {
		report("template.url", "is not an http(s) address")
	}
	for name, value := range t.Fields {
		switch {
		case !fieldName.MatchString(name):
			report("template.fields."+name, "is no field of a template; they look like thing1 or time2")
		case strings.HasPrefix(name, "thing") && utf8.RuneCountInString(value) > maxField:
			report("template.fields."+name, fmt.Sprintf("has more than %d characters", maxField))
		}
	}
}

// Nudge implements adapters.Nudger by the configured template.
func (a *Adapter) Nudge(ctx context.Context, chat adapters.ChatID) error {
	if a.nudge == nil {
		return refuse(adapters.ReasonRejected, "no template is configured")
	}
	type value struct {
		Value string `json:"value"`
	}
	data := map[string]value{}
	now := a.env.Local(a.env.Now()).Format("2006-01-02 15:04")
	for name, words := range a.nudge.Fields {
		data[name] = value{sendable(strings.ReplaceAll(words, "{time}", now))}
	}
	body := map[string]any{"touser": string(chat), "template_id": a.nudge.ID, "data": data}
	path := pathTemplate
	if a.nudge.Kind == TemplateSubscription {
		path = pathSubscription
	}
	if a.nudge.URL != "" {
		body[map[string]string{pathTemplate: "url", pathSubscription: "page"}[path]] = a.nudge.URL
	}
	return a.client.post(ctx, path, body)
}
