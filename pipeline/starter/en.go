package starter

import "slm/data/form"

var english = language{
	code: "en", word: "Section",
	headed: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"From \"{heading}\" in {title}.", "[{title} | {heading}]"},
		Question: []string{
			"What does {title} say about {heading}?",
			"Quote the part \"{heading}\" of {title}.",
			"In {title}, what is written under \"{heading}\"?",
			"{heading} in {title}: how does it read?",
			"Please recite \"{heading}\" from {title}.",
		},
		Heading: []string{"What is written under the heading \"{heading}\" in {title}?", "{title}: {heading}?", "Tell me about {heading} ({title})."},
		Quote:   []string{"Which part of which document says: \"{quote}\"?", "Where does it stand: \"{quote}\"?", "\"{quote}\": which page is that, and which part of it?"},
	},
	asked: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"{title} answers \"{heading}\" so.", "[{title} | {heading}]"},
		Question: []string{
			"{title}: {heading}",
			"What does {title} answer to \"{heading}\"?",
			"I read {title}. {heading}",
			"{heading} What does {title} say?",
		},
		Heading: []string{"{heading} ({title})", "Which answer does {title} give to \"{heading}\"?"},
		Quote:   []string{"Which question does this answer: \"{quote}\"?", "Where does it stand: \"{quote}\"?"},
	},
	named: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"From \"{heading}\" in {title}.", "[{title} | {heading}]"},
		Question: []string{
			"What does {title} say about {heading}?",
			"How is {heading} used in {title}?",
			"What is {heading} in {title}?",
			"Explain {heading} of {title}.",
			"In {title}, what is written under \"{heading}\"?",
		},
		Heading: []string{"What does {heading} do ({title})?", "{title}: {heading}?", "Show me {heading} in {title}."},
		Quote:   []string{"Which entry says: \"{quote}\"?", "Where does it stand: \"{quote}\"?"},
	},
	numbered: form.Set{
		Place:    "{title}, {word} {number}:",
		Document: []string{"{word} {number} of {title} reads so.", "[{title} | {number}]"},
		Question: []string{
			"What does {word} {number} of {title} say?",
			"Quote {word} {number} of {title}.",
			"In {title}, what is written in {word} {number}?",
			"{title}, {word} {number}: how does it read?",
			"Please recite {title}, {word} {number}.",
		},
		Heading: []string{"What does {title} say under \"{heading}\"?", "Which part of {title} is headed \"{heading}\"?"},
		Quote:   []string{"Where does it stand: \"{quote}\"?", "\"{quote}\": which text is that, and which part of it?"},
	},
}
