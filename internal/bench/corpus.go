package bench

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"

	"kefu/kb"
)

var (
	products = []string{
		"手机", "蓝牙耳机", "平板电脑", "笔记本", "智能手表", "充电宝", "路由器", "投影仪", "打印机", "键盘", "鼠标", "显示器", "摄像头", "音箱", "电视",
		"冰箱", "洗衣机", "空调", "热水器", "微波炉", "电饭煲", "吸尘器", "扫地机器人", "空气净化器", "加湿器", "吹风机", "剃须刀", "电动牙刷", "台灯", "床垫",
		"沙发", "书桌", "行李箱", "运动鞋", "羽绒服", "连衣裙", "奶粉", "婴儿车", "儿童座椅", "自行车",
	}
	issues = []string{
		"怎么退货", "保修多久", "什么时候发货", "能不能开发票", "怎么换颜色", "有没有现货", "支持分期吗", "运费谁出", "怎么改收货地址", "如何查看物流",
		"坏了去哪里维修", "怎么安装", "说明书在哪下载", "可以货到付款吗", "少了配件怎么补", "降价了能补差价吗", "尺寸是多少", "耗电大不大", "有没有优惠券", "怎么清洗保养",
		"收到是破的怎么赔", "能送到乡镇吗", "旧的可以折价吗", "怎么预约上门", "延长保修怎么买",
	}
	answers = []string{
		"请在“我的订单”里选中商品，按页面提示操作即可，一般一个工作日内处理完毕，结果会用短信通知您。",
		"本店所有商品都按国家三包规定执行，签收七天内可以申请，具体以商品页面的说明为准。",
		"下单后四十八小时内安排，偏远地区会晚一到两天，您可以随时在订单详情里看到最新进度。",
		"请先准备好订单号和商品照片，在服务页提交申请，审核通过后我们会安排快递上门。",
	}
)

// Corpus is a generated knowledge base. Entry i answers with code i, and no two entries share a question.
type Corpus struct {
	entries []kb.Entry
	byText  map[string]int // question or similar question -> entry
}

// NewCorpus generates size entries; the same seed gives the same ones.
func NewCorpus(size int, seed uint64) *Corpus {
	c := &Corpus{byText: map[string]int{}}
	random := rand.New(rand.NewPCG(seed, 1))
	for i, pick := range random.Perm(size) {
		product := products[pick%len(products)]
		pick /= len(products)
		issue := issues[pick%len(issues)]
		if series := pick / len(issues); series > 0 {
			product += fmt.Sprintf("%d代", series+1)
		}
		e := kb.Entry{
			Question: product + issue,
			Similar:  []string{"请问" + product + issue, "我买的" + product + "，" + issue},
			Answer:   fmt.Sprintf("%s %s：%s", code(i), product+issue, answers[random.IntN(len(answers))]),
			Category: "商品/" + product, State: kb.Live,
		}
		for _, text := range e.Texts() {
			c.byText[text] = i
		}
		c.entries = append(c.entries, e)
	}
	return c
}

// Size is the number of entries.
func (c *Corpus) Size() int { return len(c.entries) }

// Entries are to be stored in the gateway; read-only.
func (c *Corpus) Entries() []kb.Entry { return c.entries }

// Rows are the entries as an import takes them.
func (c *Corpus) Rows() []kb.Row {
	rows := make([]kb.Row, len(c.entries))
	for i := range c.entries {
		rows[i] = kb.Row{Line: i + 1, Entry: c.entries[i]}
	}
	return rows
}

// question is one of the texts of an entry.
func (c *Corpus) question(entry, wording int) string {
	texts := c.entries[entry].Texts()
	return texts[wording%len(texts)]
}

// code is what marks the answer of an entry.
func code(entry int) string { return fmt.Sprintf("KF%06d", entry) }

var codeForm = regexp.MustCompile(`KF(\d{6})`)

// codes finds the entries whose answers a post holds, in order. One post may carry several answers.
func codes(text string) []int {
	var out []int
	for _, m := range codeForm.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err == nil {
			out = append(out, n)
		}
	}
	return out
}

// tour is the order in which one customer asks the entries: a cycle through all of them.
type tour struct{ at, stride, size int }

func newTour(size int, random *rand.Rand) tour {
	t := tour{at: random.IntN(size), size: size}
	for t.stride = 1 + random.IntN(size-1); gcd(t.stride, size) != 1; {
		t.stride = 1 + random.IntN(size-1)
	}
	return t
}

func (t *tour) next() int {
	t.at = (t.at + t.stride) % t.size
	return t.at
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
