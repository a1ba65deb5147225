package question

import (
	"regexp"
	"strings"
)

// anyPlace cites a section, or speaks of the text that a question is made from.
const anyPlace = `(?i)\b(?:sections?|articles?|clauses?|paragraphs?|recitals?|§§?|art\.|chapter|annex|exhibit|schedule) ?\(?(?:\d|[ivx]+\b|[a-z]\b)|第[一二三四五六七八九十百千零〇\d]+[条章节款项]|제 ?\d+ ?(?:조|항|장)|§`

func english() *language {
	const (
		np  = `(?P<s>(?:(?:The|Any|Each|Every|An?|All|No|Such|Those|Their|His|Her|Its|This|These) )?[A-Za-z][\w'’-]*(?: [\w'’-]+){0,7}?)`
		num = `(?:\d[\d,.]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty|ninety|hundred)`
	)
	re := regexp.MustCompile
	fixed := func(s string) *regexp.Regexp { return re(`(?i)` + s) }
	return &language{
		code:   "en",
		letter: englishLetter(), manual: englishManual(),
		function: strings.Fields(`the of and to in a is that for by or be this with as on are from not it an you which any at may shall such has have was were`),
		stop: strings.Fields(`section sections subsection article articles paragraph i me my we our your yours he she his her its they them their these those there here who whom whose what when where why how if then than so but nor
			can could will would should must might do does did done been being am had having no only own same other others another each every all both either neither some more most
			many much few less least very also just too into onto over under above below between among through during before after until while about against within without upon
			out up down off again further once because unless except however therefore thus hereby herein hereof hereunder thereof therein thereto whereas whether pursuant
			hundred thousand twenty thirty fifty sixty ninety percent dollars day days week weeks month months year years hour hours including include includes included provided one two three i.e e.g etc per via shall-not said regardless respect otherwise particular make made making`),
		topic: []string{
			"What does it say about {x}?", "What are the rules on {x}?", "What about {x}?", "What applies to {x}?", "What should I know about {x}?",
			"Where can I read about {x}?", "Tell me about {x}.", "Is there something about {x}?", "I need to know about {x}.",
		},
		named: []string{
			"Under {name}, {q}", "{bare} under {name}?", "{bare} under the {name}?", "{bare} with {name}?", "{name}: {q}", "According to {name}, {q}", "{bare} in {name}?",
		},
		place:  re(anyPlace + `|\b(?:this|that|the) (?:section|article|paragraph|clause|text|passage|sentence|chapter)\b|(?i)\bthe following\b|\bset forth\b`),
		clause: fixed(`(?: |^)(?:if|unless|provided(?: that)?|except|where|whereby|when|until|so long as|as long as|in accordance|pursuant|subject to|in which case|without prejudice|as (?:set|described|defined|provided|required|follows)|under (?:this|the terms|section)|by (?:this|the terms|section)|which|who|because|since|notwithstanding|so that|(?:that|and) (?:you|it|the)|(?:and|or) (?:may|must|shall|will|can|should)|but|whether)\b| ?[,;:(–—]| - `),
		weak:   fixed(`^(?:a|an|the|of|to|in|on|at|by|for|from|with|and|or|as|any|all|its|their|such|that|this|these|those|under|not|be|is|are|only|each|other|no|than|into|upon|your|my|it|either|both|more|also)$`),
		verbal: fixed(`^(?:[a-z]+(?:ed|ing|ly)|.{1,3}|does|requires?|according|whole|part|extent|case|cases|manner|way)$`),
		asker: []change{
			{fixed(`\b(?:also|only|otherwise|respectively) `), ""},
			{fixed(`\b(?:hereby|herein|hereof|hereunder|thereof|therein|thereto|thereby)\b`), ""},
			{fixed(`\bsuch (an? )?`), "$1"},
			{fixed(`\b(?:this|these) (licen[cs]e|agreement|regulation|document|code|act|contract|law)`), "the $1"},
			{fixed(`\b(to|for|with|by|from|against|grants?|gives?|allows?|require[sd]?|permits?|of|on) you\b`), "$1 me"},
			{fixed(`\byou are\b`), "I am"}, {fixed(`\byou were\b`), "I was"},
			{fixed(`\byourself\b`), "myself"}, {fixed(`\byours\b`), "mine"}, {fixed(`\byour\b`), "my"}, {fixed(`\byou\b`), "I"},
		},
		rules: []rule{
			{"you may", Allowed, fixed(`\byou (?:may|can|are (?:free|permitted|allowed) to) (?P<v>[a-z].+)`), fixed(`\byou (?:may|can) (?:not|only if|no longer|also be)`), []string{
				"May I {v}?", "Can I {v}?", "Am I allowed to {v}?", "Is it allowed to {v}?", "Is it OK to {v}?", "When may I {v}?", "What must I do to {v}?", "What do I have to observe when I {v}?"}},
			{"you may not", Allowed, fixed(`\byou (?:may|can|must|shall|should|are) (?:not|no longer)(?: permitted to| allowed to)? (?P<v>[a-z].+)`), fixed(`\byou are not (?:a|the|in)\b|not be\b`), []string{
				"May I {v}?", "Can I {v}?", "Is it forbidden to {v}?", "Am I allowed to {v}?", "Is it allowed to {v}?"}},
			{"you must", Allowed, fixed(`\byou (?:must|shall|have to|are required to|need to|agree to|should|are obliged to) (?P<v>[a-z].+)`), fixed(`(?:must|shall|should) (?:not|have|be)\b`), []string{
				"Must I {v}?", "Do I have to {v}?", "Do I need to {v}?", "Am I required to {v}?", "What happens if I do not {v}?", "Does it require me to {v}?"}},
			{"one may", Allowed, re(`^` + np + ` (?:may|can) (?P<v>[a-z].+)`), fixed(`^(?:you|it|there|this|if|where|that)\b|(?:may|can) (?:not|only|also)\b`), []string{
				"May {s} {v}?", "Can {s} {v}?", "{is} {s} allowed to {v}?", "When may {s} {v}?", "Does it let {s} {v}?"}},
			{"one may not", Allowed, re(`^` + np + ` (?:may|can|must|shall) not (?P<v>[a-z].+)`), fixed(`^(?:you|it|there|this|if|where|that)\b`), []string{
				"May {s} {v}?", "Can {s} {v}?", "Is it forbidden that {s} {v}?"}},
			{"one must", Allowed, re(`^` + np + ` (?:must|shall|is required to|are required to|has to|have to) (?P<v>[a-z].+)`), fixed(`^(?:you|it|there|this|if|where|that)\b|(?:must|shall) (?:not|mean|have the|apply)\b`), []string{
				"Must {s} {v}?", "{does} {s} have to {v}?", "{does} {s} need to {v}?", "Is it a duty of {s} to {v}?"}},
			{"who may", Who, re(`^` + np + ` (?:may|can) (?P<v>[a-z].+)`), fixed(`^(?:you|it|there|this|if|where|that|nothing|no)\b|(?:may|can) (?:not|only|also|be|have)\b`), []string{
				"Who may {v}?", "Who can {v}?", "Who is allowed to {v}?"}},
			{"who must", Who, re(`^` + np + ` (?:must|shall) (?P<v>[a-z].+)`), fixed(`^(?:you|it|there|this|if|where|that|nothing|no)\b|(?:must|shall) (?:not|mean|apply|be|have)\b`), []string{
				"Who must {v}?", "Who has to {v}?", "Whose duty is it to {v}?"}},
			{"means", Define, re(`(?:^|: |\. )(?:[Tt]he term |\d[\d.]* )?[“"‘'](?P<x>[^”"’']{2,50})[”"’'] (?:shall )?(?:means?|refers? to|is defined as|includes?)\b`), nil, defines},
			{"is defined", Define, re(`^(?P<x>[A-Za-z][\w -]{2,40}?) (?:shall mean|means|is defined as|refers to)\b`), fixed(`^(?:it|this|that|which|by|if|and|or|in)\b`), defines},
			{"is a", Define, re(`^(?P<x>[A-Z][\w'’/-]*(?: [\w'’/-]+){0,5}?)(?: \([^)]*\))? (?:is|are) (?:an?|the name of|one of the|any)\b`), fixed(`^(?:it|this|there|that|these|he|she|if|what|such|one|each|any|you|we|nothing)\b`), defines},
			{"if first", Condition, fixed(`^(?:if|in the event that|where|in case|when) (?P<c>[^,]{8,160}),`), nil, conditions},
			{"if later", Condition, fixed(`.{12,}? (?:if|in the event that|unless) (?P<c>[^,;.:]{8,160})`), fixed(`as if\b|even if\b|(?:if|unless) (?:applicable|required|any|and only)`), conditions},
			{"time to do", Amount, fixed(`\b(?:must|shall|should|may|to) (?P<v>[a-z][^,;.]{4,90}?),? (?:within|no later than|not later than|for at least|for a period of|in no more than)\b[^.;]{0,40}?` + num + `[ )(\d]*(?:calendar |business |working )?(?P<u>hour|day|week|month|year)s?\b`), fixed(`(?:must|shall|may) (?:not|be)\b`), []string{
				"How long do I have to {v}?", "How many {u}s are there to {v}?", "By when must one {v}?", "What is the time limit to {v}?", "How many {u}s does one have to {v}?"}},
			{"time", Amount, fixed(num + `[ )(\d]*(?:calendar |business |working )?(?P<u>hour|day|week|month|year)s?\b`), nil, []string{
				"How long is it for {k}?", "How many {u}s for {k}?", "Within how many {u}s: {k}?", "What is the time limit for {k}?", "How long does it take with {k}?"}},
			{"share", Amount, fixed(num + ` ?(?:%|percent\b|per cent\b)`), nil, []string{"What percentage of {k}?", "How many percent for {k}?"}},
			{"money", Amount, fixed(`(?:\$|€|EUR|USD|dollars?|euros?) ?\d|\d ?(?:EUR|USD|dollars|euros)`), nil, []string{"How much money for {k}?", "How high can {k} be?"}},
			{"number", Amount, re(`\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|hundred) (?P<x>[a-z]+s)\b`), fixed(`\b(?:days|months|years|weeks|hours|thirds|fourths|fifths|ways|times|others|is|was|has|parts|preceding|following|previous)\b`), []string{
				"How many {x} are there for {k}?", "How many {x}: {k}?"}},
			{"cause", Who, re(`^(?P<s>[A-Z][\w'’-]*(?: [\w'’-]+){0,7}?) (?:causes?|leads? to|results? in) (?P<v>.+)`), fixed(`^(?:it|this|that|these|which|he|she|they|you)\b|^[^,]{0,60}\b(?:must|may|shall|will|can|not)\b`), []string{"What causes {v}?", "What is the cause of {v}?", "Why does {v} come about?", "What does {s} cause?"}},
			{"passive", Topic, re(`^` + np + ` (?:is|are) (?P<p>[a-z]+(?:ed|wn|ven|ken)) (?:in|by|through|with|as|from|at|to)\b`), fixed(`^(?:it|this|that|these|which|you|there|if|where|no|nothing|all|any|each)\b|(?:required|permitted|allowed|limited|based|related) `), []string{
				"How {is} {s} {p}?", "By whom or what {is} {s} {p}?"}},
			{"law", Topic, fixed(`\bgoverned\b.{0,60}\blaws?\b|\blaws? of (?:the |England|France|Belgium|Germany|State)`), nil, []string{"Which law applies?", "Which law governs {title}?", "The law of which country applies to {title}?"}},
			{"court", Topic, fixed(`\b(?:courts?|arbitration|venue)\b.{0,80}\b(?:jurisdiction|located|exclusive|disputes?|settled?)|jurisdiction.{0,60}\bcourts?\b`), nil, []string{"Which court decides?", "Where are disputes settled?", "In which court can one sue about {title}?"}},
			{"liable", Topic, fixed(`\b(?:not |be |held )liable\b|\bliability\b`), nil, []string{"Who is liable for damage?", "Is anybody liable if something goes wrong?", "Can I claim damages?"}},
			{"warranty", Topic, fixed(`\bwithout (?:any )?warrant|\bno warrant|"as is"|disclaims?\b.{0,40}warrant`), nil, []string{"Is there a warranty?", "Is anything guaranteed?", "What if it does not work?"}},
			{"ends", Topic, fixed(`\b(?:rights|licen[cs]es?|agreement)\b.{0,80}\bterminat|\bterminat.{0,60}\b(?:rights|licen[cs]es?|agreement)\b`), nil, []string{"When do I lose my rights?", "Can my rights be taken away?", "What ends the agreement?", "What happens to my rights after a violation?"}},
		},
		plain: map[string]string{
			"distribute": "give away|share|pass on|ship", "redistribute": "pass on|share", "distribution": "passing on|sharing", "convey": "pass on|give away|distribute", "reproduce": "copy", "modify": "change|alter", "modification": "change", "modifications": "changes",
			"modified": "changed", "terminate": "end", "terminated": "ended", "termination": "end", "commence": "start", "obtain": "get", "receive": "get", "purchase": "buy", "acquire": "get|buy", "provide": "give", "furnish": "give", "retain": "keep", "maintain": "keep",
			"royalty-free": "free of charge", "fee": "money|charge", "charge a fee": "ask for money|charge money", "warranty": "guarantee", "indemnify": "protect|pay for", "liable": "responsible", "jurisdiction": "court", "litigation": "lawsuit", "remedy": "fix|cure",
			"notify": "tell|inform", "notification": "message", "prior to": "before", "in the event of": "in case of", "sufficient": "enough", "additional": "extra|further", "utilize": "use", "derivative works": "changed versions|works based on it", "derivative work": "a changed version",
			"covered code": "the code", "covered software": "the software", "original work": "the work", "source code form": "source code|source", "source code": "source", "object code": "binary|compiled code", "executable form": "binary|executable",
			"licensee": "user", "licensor": "author", "contributor": "author|developer", "initial developer": "author", "recipient": "user", "natural persons": "people", "natural person": "person", "data subject": "person", "data subjects": "people", "controller": "company|controller",
			"personal data": "my data|personal data", "processing": "use|processing", "supervisory authority": "authority|data protection authority", "consent": "agreement|permission", "erasure": "deletion", "rectification": "correction", "third parties": "others", "third party": "somebody else",
			"individuals": "people", "physician": "doctor", "disorder": "disease|illness", "mutations": "changes", "inherited": "passed on|inherited", "affected": "sick|affected", "infringement": "violation", "breach": "violation", "comply with": "follow|obey", "copyright notice": "copyright line", "acknowledgment": "credit",
			"acknowledgement": "credit", "attribution": "credit", "endorse": "recommend", "permission": "consent", "permitted": "allowed", "prohibited": "forbidden", "obligations": "duties", "library": "library", "accompany": "come with", "offer": "offer", "publish": "publish|make public", "sublicense": "sublicense|license further",
			"verbatim": "unchanged|exact", "commercial": "business", "enforceable": "valid", "void": "invalid", "elect": "choose", "residence": "home", "vacancy": "empty seat", "compensation": "pay|salary",
		},
	}
}

var (
	defines    = []string{"What is meant by {x}?", "What does {x} mean?", "What is {x}?", "What counts as {x}?", "How is {x} defined?"}
	conditions = []string{"What happens if {c}?", "What if {c}?", "What applies if {c}?", "What can I do if {c}?", "{c}: what now?"}
)

// universal is for texts in other languages: what needs no grammar, in the words of the text alone.
func universal() *language {
	return &language{code: "", nouns: true, topic: []string{"{x}?", "{x}"}, named: []string{"{name}: {Q}", "{bare} {name}?"}, place: regexp.MustCompile(anyPlace)}
}
