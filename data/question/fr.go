package question

import (
	"regexp"
	"strings"
)

func french() *language {
	const (
		np  = `(?P<s>(?:L[ea]s? |L[’']|Un |Une |Tout |Toute |Chaque |Aucun |Aucune |Nul )[\p{L}’'-]*(?: [\p{L}’'-]+){0,6}?|Nul)`
		num = `(?:\d+|un|une|deux|trois|quatre|cinq|six|sept|huit|dix|quinze|trente|soixante)`
	)
	re := regexp.MustCompile
	defined := []string{"Qu'est-ce que {x} ?", "Que signifie {x} ?", "Qu'entend-on par {x} ?", "{x}, c'est quoi ?"}
	return &language{
		code:   "fr",
		letter: frenchLetter(), manual: frenchManual(),
		function: strings.Fields(`le la les de des du et est un une dans que qui pour par sur au aux ne pas il elle ou ce cette avec son sa ses sont à en d l qu s`),
		stop: strings.Fields(`je tu nous vous ils elles on leur leurs ces cet dont où si lorsque quand comme mais donc ni car être a ont été peut peuvent doit doivent fait faire plus moins tout toute tous toutes chaque aucun aucune nul même entre sans sous vers chez après avant pendant depuis
			jusqu dès afin ainsi aussi alors notamment selon conformément délai jours jour mois ans an semaines heures deux trois article articles alinéa présent présente lui y se soit soient n c j m t s'il s'ils`),
		topic:  []string{"Que dit-on de {x} ?", "Quelles sont les règles sur {x} ?", "Qu'en est-il de {x} ?", "Que faut-il savoir sur {x} ?", "Comment ça se passe pour {x} ?", "{x} : que faut-il respecter ?"},
		named:  []string{"{bare} selon {name} ?", "Selon {name}, {q}", "{name} : {Q}", "D'après {name}, {q}"},
		place:  re(anyPlace + `|(?i)\b(?:alinéa|présent article|présente section|ci-dessus|ci-après|suivants)\b`),
		clause: re(`(?: ?[,;:(–]| si | sauf | à moins | lorsque | lorsqu| conformément | sous réserve | dans les conditions | à condition | afin | dans un délai | au plus tard | dans les )`),
		weak:   re(`^(?i:le|la|les|l|de|des|du|d|et|ou|un|une|dans|que|qui|pour|par|sur|au|aux|à|en|son|sa|ses|leur|leurs|ne|pas|ce|cette|avec)$`),
		verbal: re(`^(?i:.{1,3}|\p{L}+ment|\p{L}+ant)$`),
		asker:  []change{{re(`\b(?:également|notamment|aussi) `), ""}, {re(`\b(?:présent|présente) (loi|licence|contrat|règlement|accord)`), "$1"}},
		rules: []rule{
			{"one may not", Allowed, re(`^` + np + ` ne (?P<m>peut|peuvent|doit|doivent) (?:pas |plus |en aucun cas )?(?P<v>[^,;.]+)`), nil, []string{"Peut-on {v} ?", "Est-il interdit de {v} ?", "A-t-on le droit de {v} ?", "Est-il permis de {v} ?"}},
			{"one may", Allowed, re(`^` + np + ` (?P<m>peut|peuvent) (?P<v>[^,;.]+)`), nil, []string{"Est-ce que {s} {m} {v} ?", "Peut-on {v} ?", "Qui peut {v} ?", "A-t-on le droit de {v} ?", "Quand {s} {m} {v} ?"}},
			{"one must", Allowed, re(`^` + np + ` (?P<m>doit|doivent) (?P<v>[^,;.]+)`), nil, []string{"Est-ce que {s} {m} {v} ?", "Faut-il {v} ?", "Doit-on {v} ?", "Qui doit {v} ?"}},
			{"is bound", Allowed, re(`^` + np + ` (?:est|sont) (?:tenue?s?|obligée?s?) (?:de |d['’]|à )(?P<v>[^,;.]+)`), nil, []string{"Est-ce que {s} doit {v} ?", "Faut-il {v} ?", "Qui doit {v} ?"}},
			{"if first", Condition, re(`^(?P<c>(?:Si|S[’']ils?|Lorsque|Lorsqu[’']\p{L}+) [^,]{6,140}),`), nil, []string{"Que se passe-t-il {c} ?", "Que faire {c} ?", "Qu'est-ce qui s'applique {c} ?"}},
			{"if later", Condition, re(`.{12,}? (?P<c>(?:si|s[’']ils?|lorsque) [^,;.:]{8,140})`), nil, []string{"Que se passe-t-il {c} ?", "Que faire {c} ?"}},
			{"means", Define, re(`(?i)\bon entend par (?:« ?|“|")?(?P<x>[^»”",:]{2,40})`), nil, defined},
			{"is a", Define, re(`^(?P<x>(?:L[ea]s? |L[’'])[\p{L}’' -]{2,40}?) (?:est|sont) (?:un|une|le fait|la|le|l[’']|les|des)\b`), nil, defined},
			{"time", Amount, re(`(?i)(?:délai de|dans les|pendant|au moins|au plus tard|durée de|d[’']ici|après|période de) ` + num + ` (?P<u>jours?|mois|ans?|semaines?|heures?|années?)`), nil, []string{"Quel est le délai pour {k} ?", "Combien de temps pour {k} ?", "Combien de {u} pour {k} ?"}},
			{"liable", Who, re(`^` + np + ` est responsable (?P<v>(?:de|du|des|d[’'])[^,;.]+)`), nil, []string{"Qui est responsable {v} ?", "Est-ce que {s} est responsable {v} ?"}},
		},
		plain: map[string]string{
			"acquérir": "acheter", "aliéner": "vendre", "locataire": "locataire", "bailleur": "propriétaire", "preneur": "locataire", "rémunération": "salaire|paie", "salarié": "employé", "employeur": "patron|employeur", "notifier": "informer|prévenir", "sans délai": "tout de suite", "résilier": "annuler|mettre fin à", "mineur": "enfant",
			"titulaire de l'autorité parentale": "parent", "véhicule": "voiture", "reproduire": "copier", "diffuser": "partager", "consentement": "accord", "autorisation": "permission", "verser": "payer", "restituer": "rendre", "demeure": "logement", "dommage": "dégât|dommage", "réparer": "rembourser|réparer", "prohibé": "interdit",
			"logiciel": "programme", "licencié": "utilisateur", "concédant": "auteur", "redistribuer": "repartager", "effacement": "suppression",
		},
	}
}
