package starter

import "slm/data/form"

var chinese = language{
	code: "zh",
	headed: form.Set{
		Place:    "{title}，{heading}：",
		Document: []string{"《{title}》中的“{heading}”一节。", "[{title} | {heading}]"},
		Question: []string{
			"《{title}》关于“{heading}”说了什么？",
			"请引用《{title}》中“{heading}”这一部分。",
			"在《{title}》里，“{heading}”下面写了什么？",
			"《{title}》的“{heading}”原文是什么？",
			"背诵《{title}》的“{heading}”。",
		},
		Heading: []string{"《{title}》中题为“{heading}”的一节说了什么？", "{title}：{heading}？", "给我讲讲{heading}（{title}）。"},
		Quote:   []string{"哪个文档的哪一部分说：“{quote}”？", "“{quote}”出自哪里？"},
	},
	asked: form.Set{
		Place:    "{title}，{heading}：",
		Document: []string{"《{title}》这样回答“{heading}”。", "[{title} | {heading}]"},
		Question: []string{
			"{title}：{heading}",
			"《{title}》怎样回答“{heading}”？",
			"我在看《{title}》。{heading}",
			"{heading}《{title}》是怎么说的？",
		},
		Heading: []string{"{heading}（{title}）", "对“{heading}”，《{title}》给出什么答案？"},
		Quote:   []string{"“{quote}”回答的是哪个问题？", "“{quote}”出自哪里？"},
	},
	named: form.Set{
		Place:    "{title}，{heading}：",
		Document: []string{"《{title}》中的“{heading}”一节。", "[{title} | {heading}]"},
		Question: []string{
			"《{title}》关于 {heading} 说了什么？",
			"在《{title}》中怎样使用 {heading}？",
			"《{title}》里的 {heading} 是什么？",
			"请解释《{title}》的 {heading}。",
			"在《{title}》里，“{heading}”下面写了什么？",
		},
		Heading: []string{"{heading} 有什么作用（{title}）？", "{title}：{heading}？", "给我看看《{title}》里的 {heading}。"},
		Quote:   []string{"哪个条目说：“{quote}”？", "“{quote}”出自哪里？"},
	},
	numbered: form.Set{
		Place:    "{title}{word} {number}：",
		Document: []string{"[{title} | {number}]"},
		Question: []string{
			"{title}{word} {number}规定了什么？",
			"请写出{title}{word} {number}。",
			"{title}的{word} {number}怎么写？",
			"{title}{word} {number}的原文是什么？",
			"背诵{title}{word} {number}。",
		},
		Heading: []string{"{title}中题为“{heading}”的一条说了什么？", "{title}的哪一条是“{heading}”？"},
		Quote:   []string{"哪部法律的哪一条说：“{quote}”？", "“{quote}”是哪一条的话？"},
	},
}
