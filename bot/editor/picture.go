package editor

import (
	"strings"

	"kefu/internal/media"
	"kefu/internal/richtext"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

// maxPicture is the largest picture of an answer, in bytes: what all platforms take.
const maxPicture = 10 << 20

// takePicture adds a picture to the answer that is asked for. Words beside it are the answer's; without them the answer is asked for again.
func (t *turn) takePicture(p *sentFile) error {
	t.decision = "faq: picture of an answer"
	file, problem, err := t.kept(p, maxPicture)
	if err != nil {
		return err
	}
	name := ""
	if problem == "" && strings.HasPrefix(file.MIME, "image/") {
		name, problem, err = t.keepPicture(file)
	}
	switch {
	case err != nil:
		return err
	case name == "":
		t.say(texts.FaqNoPicture, "Large", problem == transcript.ProblemTooLarge, "Limit", maxPicture>>20)
		return t.askField()
	}
	f := t.s.Form
	f.Images = append(f.Images, richtext.Image(name))
	if t.text != "" {
		return t.set(t.text)
	}
	f.Values.Answer = withImages(f.Values.Answer, f.Images[len(f.Images)-1:])
	return t.askField()
}

// keepPicture keeps a picture for as long as there are answers. It is named by its bytes: sent twice, it is kept once.
func (t *turn) keepPicture(file media.File) (name string, problem transcript.Problem, err error) {
	if t.Files == nil {
		return "", transcript.ProblemGone, nil
	}
	r, err := t.Files.Open(t.ctx, file.Key)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = r.Close() }()
	name = file.SHA256[:24]
	claim := media.Claim{Name: file.Name, MIME: file.MIME, Size: file.Size, Max: maxPicture, Lasting: true}
	if _, err = t.Files.Keep(t.ctx, kb.ImageKey(name), claim, r); err != nil {
		return "", "", err
	}
	return name, "", nil
}

// withImages puts pictures behind words.
func withImages(words string, images []string) string {
	return strings.TrimSpace(words + "\n" + strings.Join(images, "\n"))
}
