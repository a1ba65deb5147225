package starter

import "slm/data/form"

var korean = language{
	code: "ko",
	headed: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"{title}의 \"{heading}\" 부분입니다.", "[{title} | {heading}]"},
		Question: []string{
			"{title}에서 {heading}에 대해 뭐라고 하나요?",
			"{title}의 \"{heading}\" 부분을 인용해 주세요.",
			"{title}의 \"{heading}\" 아래에 무엇이 쓰여 있나요?",
			"{title}의 {heading}은 어떤 내용인가요?",
			"{title}의 \"{heading}\"을 그대로 말해 주세요.",
		},
		Heading: []string{"{title}에서 제목이 \"{heading}\"인 부분은 무엇을 말하나요?", "{title}: {heading}?", "{heading}에 대해 알려 주세요({title})."},
		Quote:   []string{"어느 문서의 어느 부분에 이런 말이 있나요: \"{quote}\"?", "\"{quote}\"는 어디에 있나요?"},
	},
	asked: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"{title}은 \"{heading}\"에 이렇게 답합니다.", "[{title} | {heading}]"},
		Question: []string{
			"{title}: {heading}",
			"{title}은 \"{heading}\"에 어떻게 답하나요?",
			"{title}을 읽고 있어요. {heading}",
			"{heading} {title}에서는 뭐라고 하나요?",
		},
		Heading: []string{"{heading} ({title})", "{title}은 \"{heading}\"에 어떤 답을 주나요?"},
		Quote:   []string{"\"{quote}\"는 어떤 질문의 답인가요?", "\"{quote}\"는 어디에 있나요?"},
	},
	named: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"{title}의 \"{heading}\" 부분입니다.", "[{title} | {heading}]"},
		Question: []string{
			"{title}에서 {heading}에 대해 뭐라고 하나요?",
			"{title}에서 {heading}은 어떻게 쓰나요?",
			"{title}의 {heading}은 무엇인가요?",
			"{title}의 {heading}을 설명해 주세요.",
			"{title}의 \"{heading}\" 아래에 무엇이 쓰여 있나요?",
		},
		Heading: []string{"{heading}은 무엇을 하나요({title})?", "{title}: {heading}?", "{title}의 {heading}을 보여 주세요."},
		Quote:   []string{"어느 항목에 이런 말이 있나요: \"{quote}\"?", "\"{quote}\"는 어디에 있나요?"},
	},
	numbered: form.Set{
		Place:    "{title} {word} {number}:",
		Document: []string{"[{title} | {number}]"},
		Question: []string{
			"{title} {word} {number}는 무엇을 정하고 있나요?",
			"{title} {word} {number}를 인용해 주세요.",
			"{title}의 {word} {number}에는 무엇이 쓰여 있나요?",
			"{title} {word} {number}의 원문은 무엇인가요?",
			"{title} {word} {number}를 그대로 말해 주세요.",
		},
		Heading: []string{"{title}에서 제목이 \"{heading}\"인 조는 무엇을 정하나요?", "{title}의 어느 조가 \"{heading}\"인가요?"},
		Quote:   []string{"어느 법의 어느 조에 이런 말이 있나요: \"{quote}\"?", "\"{quote}\"는 어느 조의 말인가요?"},
	},
}
