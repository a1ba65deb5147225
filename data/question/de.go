package question

import (
	"regexp"
	"strings"
)

func german() *language {
	const (
		np  = `(?P<s>(?:Der|Die|Das|Den|Ein|Eine|Jeder|Jede|Jedes|Alle|Kein|Keine|Personen|Man) ?[\p{L}-]*(?: [\p{L}-]+){0,6}?|[A-ZÄÖÜ][\p{L}-]+)`
		num = `(?:\d+|zwei|drei|vier|fünf|sechs|sieben|acht|zehn|zwölf|vierzehn|dreißig|einem|einer|eines)`
	)
	re := regexp.MustCompile
	defined := []string{"Was ist {x}?", "Was versteht man unter {x}?", "Was bedeutet {x}?", "Was ist mit {x} gemeint?"}
	ifs := []string{"Was gilt, wenn {c}?", "Was passiert, wenn {c}?", "Was kann man tun, wenn {c}?", "Und wenn {c}?"}
	return &language{
		code: "de", letter: germanLetter(), manual: germanManual(), nouns: true,
		function: strings.Fields(`der die das und ist nicht ein eine den dem des im zu mit auf für von sich wird werden wenn oder kann durch bei sind nach auch als`),
		stop: strings.Fields(`jeder jede jedes alle kein keine keinen personen man er sie es ihm ihr ihre ihren seiner seine seinen dieser diese dieses diesem wer was wie wo wann am an aus bis dass daß damit darf dürfen muss müssen soll sollen hat haben
			hatte können einem einen einer eines vom zum zur über unter um so noch nur wurde sein war vor zwischen soweit sofern falls jedoch aber denn gegen ohne innerhalb binnen mindestens spätestens höchstens gemäß insbesondere ferner dabei hierzu davon daran gilt gelten
			absatz satz nummer artikel paragraph tage tagen monate monaten jahre jahren wochen stunden drei zwei`),
		topic:  []string{"Was gilt für {x}?", "Was steht dort über {x}?", "Wie ist das mit {x}?", "Was muss man über {x} wissen?", "Gibt es Regeln zu {x}?", "{x}: was ist zu beachten?"},
		named:  []string{"{bare} nach {name}?", "{name}: {Q}", "{bare} laut {name}?", "{bare} gemäß {name}?"},
		place:  re(anyPlace + `|(?i)\b(?:absatz|abs\.|satz|nummer|artikel|anlage|kapitel|ziffer) ?\d|\b(?:dieser Absatz|diesem Artikel|dieser Vorschrift|dieses Abschnitts)\b`),
		clause: re(`(?:[,;:(–]| – | sofern | soweit | wenn | falls | gemäß )`),
		weak:   re(`^(?:der|die|das|den|dem|des|ein|eine|einen|einem|einer|und|oder|von|mit|für|zu|zum|zur|im|in|auf|an|am|bei|nach|aus|über|unter|um|als|nicht|nur|auch)$`),
		verbal: re(`^(?i:.{1,3}|\p{L}+(?:lich|weise))$`),
		asker:  []change{{re(`\b(?:hiermit|hierdurch|ferner|insbesondere|auch|jedoch) `), ""}, {re(`\b([Dd])iese(s|r|m|n)? (Gesetz|Vertrag|Verordnung|Lizenz)`), "${1}ie $3"}},
		rules: []rule{
			{"one may not", Allowed, re(`^` + np + ` (?P<m>darf|dürfen|kann|können) (?P<a>[^,;.]*?)\bnicht (?P<p>[^,;.]+)\.?$`), nil, []string{"{m} {s} {a} {p}?", "Ist es verboten, dass {s} {a} {p} {m}?"}},
			{"one may", Allowed, re(`^` + np + ` (?P<m>darf|dürfen|kann|können) (?P<v>[^,;.]+)(?:\.|$|,)`), re(`\bnicht\b|\bkein`), []string{"{m} {s} {v}?", "Wann {m} {s} {v}?", "Wer darf {v}?", "Darf man {v}?"}},
			{"one must", Allowed, re(`^` + np + ` (?P<m>muss|müssen|soll|sollen) (?P<v>[^,;.]+)(?:\.|$|,)`), re(`\bnicht\b|\bkein`), []string{"{m} {s} {v}?", "Wer muss {v}?", "Muss man {v}?", "Wann {m} {s} {v}?"}},
			{"one has to", Allowed, re(`^` + np + ` (?P<m>hat|haben) (?P<v>[^,;.]+? zu \p{L}+)(?:\.|$|,)`), nil, []string{"{m} {s} {v}?", "Wer hat {v}?", "Wann {m} {s} {v}?"}},
			{"if first", Condition, re(`^(?:Wenn|Falls|Sofern|Soweit|Für den Fall, dass) (?P<c>[^,]{8,140}),`), nil, ifs},
			{"if later", Condition, re(`, (?:wenn|falls|sofern) (?P<c>[^,.;]{8,140})`), nil, ifs},
			{"whoever", Condition, re(`^Wer (?P<c>[^,]{6,120}),`), nil, []string{"Was passiert, wenn jemand {c}?", "Was droht, wenn man {c}?", "Was gilt für den, der {c}?"}},
			{"means", Define, re(`^„?(?P<x>[A-ZÄÖÜ][\p{L} -]{2,40}?)“? (?:im Sinne (?:dieses|dieser) \p{L}+ )?(?:ist|sind|bezeichnet|bedeutet) (?:ein|eine|jede|jeder|jedes|alle|der|die|das)\b`), re(`^(?:Es|Das|Dies|Er|Sie|Dabei|Ist)\b`), defined},
			{"time", Amount, re(`(?:[Ii]nnerhalb|[Bb]innen|[Ss]pätestens|[Mm]indestens|[Hh]öchstens|nach|von|in|vor Ablauf)(?: von| einer Frist von| eines Zeitraums von)? ` + num + ` (?P<u>Tag|Woche|Monat|Jahr|Stunde)`), nil, []string{"Welche Frist gilt für {k}?", "Wie lange hat man Zeit für {k}?", "Wie lange dauert {k}?"}},
			{"liable", Who, re(`^` + np + ` haftet (?P<v>[^,;.]+)`), nil, []string{"Haftet {s} {v}?", "Wer haftet {v}?"}},
		},
		plain: map[string]string{
			"Grundstück": "Haus|Grundstück", "Entgelt": "Geld|Preis", "Vergütung": "Bezahlung|Lohn", "veräußern": "verkaufen", "erwerben": "kaufen", "entrichten": "zahlen", "unverzüglich": "sofort|gleich", "Kraftfahrzeug": "Auto", "Fahrzeugführer": "Fahrer", "Arbeitnehmer": "Angestellte|Arbeitnehmer", "Arbeitgeber": "Chef|Arbeitgeber",
			"Erziehungsberechtigte": "Eltern", "Minderjährige": "Kinder", "verarbeiten": "nutzen", "Einwilligung": "Zustimmung|Erlaubnis", "Genehmigung": "Erlaubnis", "untersagt": "verboten", "gestattet": "erlaubt", "beenden": "kündigen", "Mitteilung": "Nachricht", "mitteilen": "sagen", "Wohnraum": "Wohnung", "Schadensersatz": "Schadenersatz|Entschädigung",
			"vervielfältigen": "kopieren", "verbreiten": "weitergeben", "bearbeiten": "ändern", "personenbezogene Daten": "meine Daten|personenbezogene Daten",
		},
	}
}
