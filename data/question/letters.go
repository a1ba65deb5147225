package question

import "regexp"

// few is up to three words of a greeting, and what ends it.
const few = `(?: [^\s,.!?:]+){0,3}(?: ?[,.!:–-]+\s*| *$)`

func anyCase(s string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + s) }

func englishLetter() *letter {
	const (
		whose = `(?:i|you|we|it|he|she|they|there|the|my|your|our|this|that|these|those|a|an|any|anyone|one|someone|somebody|shipping|returns?|delivery|orders?)\b`
		asks  = `(?:(?:how|what|what's|where|where's|when|who|whom|whose|which|why)\b|(?:can|could|may|might|do|does|did|is|are|am|was|were|will|would|should|must|has|have|had|shall|isn't|aren't|don't|doesn't|can't|won't) ` + whose + `)`
	)
	return &letter{
		greets: anyCase(`^(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day)|to whom it may concern)\b` + few),
		thanks: anyCase(`^(?:many |thanks|thank you|thx|cheers|much appreciated|i appreciate|have a (?:nice|good|great)|looking forward|i look forward)`),
		ends:   anyCase(`^(?:(?:best|kind|kindest|warm|many) (?:regards|wishes)|regards|best|cheers|sincerely|yours|sent from|all the best)\b[^?]{0,40}$`),
		asks:   anyCase(`^(?:(?:and|also|but|so|or|first|second|next|finally|then),? )*` + asks),
		wants:  anyCase(`\b(?:please|i(?:'d| would) (?:like|love)|i want|i need|i wish|i(?:'m| am) (?:wondering|looking for|interested)|i(?: was|'m| am)? wonder(?:ing)?|tell me|let me know|explain|help me|i do not (?:know|understand)|i don't (?:know|understand))\b`),
		back:   anyCase(`\b(?:it|its|this|that|these|those|they|them|their|ones)\b`),
		and:    anyCase(`,? (?:and|or|also)(?: also| then)? |[;,] `),
	}
}

func germanLetter() *letter {
	const asks = `(?:(?:wie|was|wo|wann|wer|wen|wem|wessen|welche[rsnm]?|warum|wieso|weshalb|woher|wohin|womit|wofür|wieviel)\b|(?:kann|können|darf|dürfen|muss|müssen|soll|sollte|ist|sind|war|hat|haben|habe|wird|werden|gibt|gilt|gelten|könnten|könnte|würden|bieten|liefern|versenden|verkaufen) (?:ich|man|sie|er|es|wir|ihr|der|die|das|ein|eine|mein|meine|euer|eure|jemand|auch|dafür|dazu)\b)`
	return &letter{
		greets: anyCase(`^(?:hallo|hi|guten (?:tag|morgen|abend)|sehr geehrte[rn]?|liebe[rs]?|moin|servus|grüß gott)\b` + few),
		thanks: anyCase(`^(?:vielen dank|danke|besten dank|herzlichen dank|ich freue mich|ich danke)`),
		ends:   anyCase(`^(?:mit (?:freundlichen|besten|lieben|herzlichen) grüßen|(?:viele|beste|liebe|freundliche|schöne|herzliche) grüße|mfg|gruß|lg|vg)(?:\P{L}|$)[^?]{0,40}$`),
		asks:   anyCase(`^(?:(?:und|außerdem|auch|oder|dann),? )*` + asks),
		wants:  anyCase(`(?:^|\P{L})(?:bitte|ich (?:möchte|will|brauche|hätte gern|würde gern|suche)|sagen sie mir|teilen sie mir|ich (?:weiß|verstehe) nicht|mich interessiert|ich frage mich)(?:\P{L}|$)`),
		back:   anyCase(`(?:^|\P{L})(?:(?:es|dies|diese[rsnm]?|davon|damit|dafür|dazu|darauf|daran|dabei)(?:\P{L}|$)|das(?:[?.]|$| (?:auch|kostet|dauert|geht|ist|möglich|heißt)\b))`),
		and:    anyCase(`,? (?:und|oder|außerdem)(?: auch)? |[;,] `),
	}
}

func frenchLetter() *letter {
	const asks = `(?:(?:comment|quoi|quand|où|qui|que|qu['’]|quel(?:le)?s?|pourquoi|combien|est-ce|y a-t-il|faut-il|peut-on|a-t-on|puis-je|pouvez-vous|pourriez-vous|dois-je|ai-je|avez-vous|livrez-vous|vendez-vous|êtes-vous|sont-ils|est-il|est-elle)(?:\P{L}|$))`
	return &letter{
		greets: anyCase(`^(?:bonjour|bonsoir|salut|madame|monsieur|ch(?:er|ère)s?|coucou)(?:,? (?:madame|monsieur))?` + few),
		thanks: anyCase(`^(?:merci|je vous remercie|avec mes remerciements|dans l['’]attente|bonne journée)`),
		ends:   anyCase(`^(?:(?:bien )?cordialement|salutations|sincèrement|bien à vous|à bientôt|veuillez agréer|amicalement)(?:\P{L}|$)[^?]{0,90}$`),
		asks:   anyCase(`^(?:(?:et|aussi|ou|puis|enfin),? )*` + asks),
		wants:  anyCase(`(?:^|\P{L})(?:s['’]il vous pla[iî]t|svp|je (?:voudrais|veux|souhaite|souhaiterais|cherche|ne comprends pas|ne sais pas|me demande)|j['’](?:aimerais|ai besoin)|dites-moi|merci de)(?:\P{L}|$)`),
		back:   anyCase(`(?:^|\P{L})(?:il|elle|ils|elles|cela|ça|ce|ceci|celui|celle|ceux|en|y|lui|leur)(?:\P{L}|$)`),
		and:    anyCase(`,? (?:et|ou)(?: aussi)? |[;,] `),
	}
}

func chineseLetter() *letter {
	re := regexp.MustCompile
	return &letter{
		greets: re(`^(?:您好|你好|尊敬的[^，。！：]{0,10}|亲爱的[^，。！：]{0,10}|早上好|下午好|晚上好|客服(?:您好|你好))[，。！：,!\s]*`),
		thanks: re(`^(?:非常|多)?(?:谢谢|感谢|多谢|麻烦了|辛苦了)`),
		ends:   re(`^(?:此致|敬礼|祝好|祝您|祝你|顺祝)`),
		asks:   re(`[吗呢][？?。]?$|什么|怎么|怎样|如何|多少|多久|多长|几[天个年月号点]|哪|谁|为何|是否|能不能|可不可以|有没有|要不要|是不是|行不行|何时`),
		wants:  re(`请问|请告|请帮|我想|我要|我需要|希望|帮我|不知道|不明白|想知道|想问`),
		back:   re(`它|^(?:这|那|其)|这个|那个|该`),
		and:    re(`，(?:还有|另外|请问|以及)?|；|还有`),
	}
}

func koreanLetter() *letter {
	re := regexp.MustCompile
	return &letter{
		greets: re(`^(?:안녕하세요|안녕하십니까|안녕|여보세요|담당자님)[,.!\s]*`),
		thanks: re(`^(?:대단히 |정말 |미리 )?(?:감사|고맙|수고)`),
		ends:   re(`(?:드림|올림)\.?$`),
		asks:   re(`(?:까|나요|가요|은가요|는지요|을까요|ㄹ까요|죠|지요|어요|해요|되요|돼요)[?？]$|(?:까|나요|가요|는지요|을까요)[.]?$`),
		wants:  re(`싶습니다|싶어요|궁금|알려 ?주|부탁|필요합니다|필요해요|문의드|모르겠|주세요`),
		back:   re(`^(?:이것|그것|저것|그거|이거|이건|그건|그럼|그러면|거기|여기)`),
		and:    re(`[;,] (?:그리고 |또 )?|\? `),
	}
}
