package starter

import "slm/data/form"

var french = language{
	code: "fr", word: "Article",
	headed: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"Extrait de « {heading} » dans {title}.", "[{title} | {heading}]"},
		Question: []string{
			"Que dit {title} à propos de {heading} ?",
			"Cite la partie « {heading} » de {title}.",
			"Dans {title}, que lit-on sous « {heading} » ?",
			"{heading} dans {title} : quel est le texte ?",
			"Récite « {heading} » de {title}.",
		},
		Heading: []string{"Que lit-on sous le titre « {heading} » dans {title} ?", "{title} : {heading} ?", "Parle-moi de {heading} ({title})."},
		Quote:   []string{"Quelle partie de quel document dit : « {quote} » ?", "Où lit-on : « {quote} » ?"},
	},
	asked: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"{title} répond ainsi à « {heading} ».", "[{title} | {heading}]"},
		Question: []string{
			"{title} : {heading}",
			"Que répond {title} à « {heading} » ?",
			"Je lis {title}. {heading}",
			"{heading} Que dit {title} ?",
		},
		Heading: []string{"{heading} ({title})", "Quelle réponse {title} donne-t-il à « {heading} » ?"},
		Quote:   []string{"À quelle question cela répond-il : « {quote} » ?", "Où lit-on : « {quote} » ?"},
	},
	named: form.Set{
		Place:    "{title}, {heading}:",
		Document: []string{"Extrait de « {heading} » dans {title}.", "[{title} | {heading}]"},
		Question: []string{
			"Que dit {title} à propos de {heading} ?",
			"Comment utilise-t-on {heading} dans {title} ?",
			"Qu'est-ce que {heading} dans {title} ?",
			"Explique {heading} de {title}.",
			"Dans {title}, que lit-on sous « {heading} » ?",
		},
		Heading: []string{"Que fait {heading} ({title}) ?", "{title} : {heading} ?", "Montre-moi {heading} dans {title}."},
		Quote:   []string{"Quelle entrée dit : « {quote} » ?", "Où lit-on : « {quote} » ?"},
	},
	numbered: form.Set{
		Place:    "{title}, {word} {number}:",
		Document: []string{"Voici {word} {number} de {title}.", "[{title} | {number}]"},
		Question: []string{
			"Que dit {title}, {word} {number} ?",
			"Cite {word} {number} de {title}.",
			"Dans {title}, que lit-on à {word} {number} ?",
			"{title}, {word} {number} : quel est le texte ?",
			"Récite {title}, {word} {number}.",
		},
		Heading: []string{"Que dit {title} sous « {heading} » ?", "Quelle partie de {title} porte le titre « {heading} » ?"},
		Quote:   []string{"Où lit-on : « {quote} » ?", "« {quote} » : quel est ce texte, et quelle partie ?"},
	},
}
