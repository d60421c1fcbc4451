package bench

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"gopkg.in/yaml.v3"

	"kefu/internal/config"
	"kefu/kb"
)

// file is a configuration as text. It is apart from config.Config, whose secrets cannot be written.
type file struct {
	HTTP     httpFile     `yaml:"http"`
	Storage  storageFile  `yaml:"storage"`
	Language string       `yaml:"language"`
	Bot      botFile      `yaml:"bot"`
	Desks    []deskFile   `yaml:"desks,omitempty"`
	People   []personFile `yaml:"people,omitempty"`
	Inboxes  []inboxFile  `yaml:"inboxes"`
}

type httpFile struct {
	Listen      string     `yaml:"listen"`
	AdminListen string     `yaml:"admin_listen"`
	Limits      limitsFile `yaml:"limits"`
}

// limitsFile is all zeros: every customer calls from one address, faster than any person.
type limitsFile struct {
	PerIP    int `yaml:"per_ip"`
	PerInbox int `yaml:"per_inbox"`
	InFlight int `yaml:"in_flight"`
}

type botFile struct {
	Flood floodFile `yaml:"flood"`
}

// floodFile is zero: the customers do not behave like people.
type floodFile struct {
	Messages int `yaml:"messages"`
}

type storageFile struct {
	Data  string    `yaml:"data"`
	Mongo mongoFile `yaml:"mongo,omitempty"`
	Redis redisFile `yaml:"redis,omitempty"`
}

type mongoFile struct {
	URI      string `yaml:"uri"`
	Database string `yaml:"database"`
}

type redisFile struct {
	URL string `yaml:"url"`
}

type deskFile struct {
	Name    string `yaml:"name"`
	Inbox   string `yaml:"inbox"`
	Chat    string `yaml:"chat"`
	Default bool   `yaml:"default"`
}

type personFile struct {
	Inbox string `yaml:"inbox"`
	ID    string `yaml:"id"`
	Name  string `yaml:"name"`
	Role  string `yaml:"role"`
}

type inboxFile struct {
	Name     string        `yaml:"name"`
	Channel  string        `yaml:"channel"`
	Telegram *telegramFile `yaml:"telegram,omitempty"`
	WeChat   *weChatFile   `yaml:"wechat,omitempty"`
	Feishu   *feishuFile   `yaml:"feishu,omitempty"`
}

type telegramFile struct {
	Token       string `yaml:"token"`
	SecretToken string `yaml:"secret_token"`
	Username    string `yaml:"username"`
	APIBase     string `yaml:"api_base"`
}

type weChatFile struct {
	AppID     string `yaml:"app_id"`
	AppSecret string `yaml:"app_secret"`
	Token     string `yaml:"token"`
	AESKey    string `yaml:"aes_key"`
	Mode      string `yaml:"mode"`
	APIBase   string `yaml:"api_base"`
}

type feishuFile struct {
	AppID             string `yaml:"app_id"`
	AppSecret         string `yaml:"app_secret"`
	VerificationToken string `yaml:"verification_token"`
	EncryptKey        string `yaml:"encrypt_key"`
	APIBase           string `yaml:"api_base"`
}

// configFile describes the simulated accounts and their desk to a gateway.
func configFile(accounts []*account, listen, admin string, storage storageFile) ([]byte, error) {
	f := file{HTTP: httpFile{Listen: listen, AdminListen: admin}, Storage: storage, Language: "zh-CN"}
	for _, a := range accounts {
		f.Inboxes = append(f.Inboxes, a.settings)
		if a.desk == nil {
			continue
		}
		f.Desks = append(f.Desks, deskFile{Name: "bench", Inbox: a.inbox, Chat: a.desk.chat, Default: true})
		for i, id := range a.desk.agents {
			f.People = append(f.People, personFile{Inbox: a.inbox, ID: id, Name: fmt.Sprintf("客服%d", i+1), Role: "agent"})
		}
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return text, nil
}

// WriteConfig writes a kefu.yaml for a gateway that is to be measured as a target: it points at the simulators a run with the same
// options starts. The secrets in it are those of simulated accounts.
func WriteConfig(w io.Writer, o Options) (err error) {
	if o.Listen == "" {
		return errors.New("listen: the simulators need fixed ports")
	}
	if err := o.Validate(); err != nil {
		return err
	}
	people, err := newWorld(&o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, people.close()) }()
	at := config.Default().HTTP
	if u, err := url.Parse(o.Target); err == nil && u.Host != "" {
		at.Listen = u.Host
	}
	data := o.Data
	if data == "" {
		data = "./bench-data"
	}
	text, err := configFile(people.accounts, at.Listen, at.AdminListen, storageFile{Data: data})
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// WriteFAQ writes the knowledge base of a run as CSV for "kefu faq import".
func WriteFAQ(w io.Writer, o Options) error {
	if err := o.Validate(); err != nil {
		return err
	}
	return kb.WriteCSV(w, NewCorpus(o.FAQ, o.Seed).Entries(), time.UTC)
}
