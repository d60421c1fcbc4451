package bench

import (
	"errors"
	"fmt"
	"io"
	"net/url"

	"gopkg.in/yaml.v3"

	"kefu/internal/config"
	"kefu/kb"
)

// file is a configuration as text. It is apart from config.Config, whose secrets cannot be written.
type file struct {
	HTTP     httpFile    `yaml:"http"`
	Storage  storageFile `yaml:"storage"`
	Language string      `yaml:"language"`
	Inboxes  []inboxFile `yaml:"inboxes"`
}

type httpFile struct {
	Listen      string `yaml:"listen"`
	AdminListen string `yaml:"admin_listen"`
}

type storageFile struct {
	Data string `yaml:"data"`
}

type inboxFile struct {
	Name     string        `yaml:"name"`
	Channel  string        `yaml:"channel"`
	Telegram *telegramFile `yaml:"telegram,omitempty"`
	WeChat   *weChatFile   `yaml:"wechat,omitempty"`
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

// configFile describes the simulated accounts to a gateway.
func configFile(accounts []*account, listen, admin, data string) ([]byte, error) {
	f := file{HTTP: httpFile{listen, admin}, Storage: storageFile{data}, Language: "zh-CN"}
	for _, a := range accounts {
		f.Inboxes = append(f.Inboxes, a.settings)
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
	accounts, err := startAccounts(&o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAccounts(accounts)) }()
	at := config.Default().HTTP
	if u, err := url.Parse(o.Target); err == nil && u.Host != "" {
		at.Listen = u.Host
	}
	data := o.Data
	if data == "" {
		data = "./bench-data"
	}
	text, err := configFile(accounts, at.Listen, at.AdminListen, data)
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
	return kb.WriteCSV(w, NewCorpus(o.FAQ, o.Seed).Entries())
}
