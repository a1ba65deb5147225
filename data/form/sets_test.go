package form

// Sets of the kinds that recipes describe: one that names sections by number in two lines, by number in one, by heading, and not at all.
var (
	licenses = Set{
		Place:    "{title} license\nSection {number}:",
		Document: []string{"{title} license\nSection {number}:", "Section {number} of the {title} license reads:", "{title}, section {number}.", "[{title} | {number}]"},
		Question: []string{"What does section {number} of the {title} license say?", "Quote section {number} of {title}."},
		Heading:  []string{"What does the section \"{heading}\" of the {title} license say?"},
		Quote:    []string{"Which section of which license says: \"{quote}\"?", "Where does it stand: \"{quote}\"?"},
		Exam:     "What does section {number} of the {title} license say?",
	}
	numbers = Set{
		Place:    "{title}, section {number}:",
		Document: []string{"{title}, section {number}:", "[{title} | {number}]"},
		Question: []string{"What does section {number} of {title} say?"},
		Exam:     "What does section {number} of {title} say?",
	}
	headings = Set{
		Place:    "{title}, {heading}:",
		Document: []string{"{title}, {heading}:", "From \"{heading}\" in {title}.", "[{title} | {heading}]"},
		Question: []string{"What does {title} say about {heading}?"},
		Heading:  []string{"What is written under the heading \"{heading}\" in {title}?"},
		Exam:     "What does {title} say about {heading}?",
	}
	plain = Set{
		Document: []string{"From {title}, part {number}.", "[{title} | {number}]"},
		Question: []string{"What does part {number} of {title} say?", "Quote part {number} of {title}.", "In {title}, what is written in part {number}?"},
		Quote:    []string{"How does the passage go on that holds the words \"{quote}\"?", "Quote the passage that says: \"{quote}\"."},
		Exam:     "What does part {number} of {title} say?",
	}
	placed = map[string]Set{"licenses": licenses, "numbers": numbers, "headings": headings}
	sets   = map[string]Set{"licenses": licenses, "numbers": numbers, "headings": headings, "plain": plain}
)
