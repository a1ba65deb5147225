package starter

import "slm/data/form"

var german = language{
	code: "de", word: "§",
	headed: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"Aus „{heading}“ in {title}.", "[{title} | {heading}]"},
		Question: []string{
			"Was steht in {title} über {heading}?",
			"Zitiere den Abschnitt „{heading}“ aus {title}.",
			"Was steht in {title} unter „{heading}“?",
			"{heading} in {title}: Wie lautet der Text?",
			"Gib „{heading}“ aus {title} wieder.",
		},
		Heading: []string{"Was steht unter der Überschrift „{heading}“ in {title}?", "{title}: {heading}?", "Erzähle mir von {heading} ({title})."},
		Quote:   []string{"In welchem Abschnitt welches Dokuments steht: „{quote}“?", "Wo steht das: „{quote}“?"},
	},
	asked: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"{title} antwortet auf „{heading}“ so.", "[{title} | {heading}]"},
		Question: []string{
			"{title}: {heading}",
			"Was antwortet {title} auf „{heading}“?",
			"Ich lese {title}. {heading}",
			"{heading} Was sagt {title}?",
		},
		Heading: []string{"{heading} ({title})", "Welche Antwort gibt {title} auf „{heading}“?"},
		Quote:   []string{"Welche Frage beantwortet das: „{quote}“?", "Wo steht das: „{quote}“?"},
	},
	named: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"Aus „{heading}“ in {title}.", "[{title} | {heading}]"},
		Question: []string{
			"Was steht in {title} über {heading}?",
			"Wie benutzt man {heading} in {title}?",
			"Was ist {heading} in {title}?",
			"Erkläre {heading} aus {title}.",
			"Was steht in {title} unter „{heading}“?",
		},
		Heading: []string{"Was tut {heading} ({title})?", "{title}: {heading}?", "Zeig mir {heading} in {title}."},
		Quote:   []string{"In welchem Eintrag steht: „{quote}“?", "Wo steht das: „{quote}“?"},
	},
	numbered: form.Set{
		Place:    "{title}, {word} {number}:",
		Document: []string{"{word} {number} aus {title} lautet so.", "[{title} | {number}]"},
		Question: []string{
			"Was steht in {title} in {word} {number}?",
			"Zitiere {word} {number} aus {title}.",
			"Wie lautet {word} {number} in {title}?",
			"{title}, {word} {number}: Was steht da?",
			"Gib {title}, {word} {number} wieder.",
		},
		Heading: []string{"Was steht in {title} unter „{heading}“?", "Welcher Teil von {title} heißt „{heading}“?"},
		Quote:   []string{"Wo steht das: „{quote}“?", "„{quote}“: Welcher Text ist das, und welcher Teil davon?"},
	},
}
