package source

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// formex turns the General Data Protection Regulation in Formex 4, the XML of the Publications Office of the European Union, into text: a paragraph for each recital,
// then one for each article. Marks within them become spaces.
func formex(parts [][]byte) ([]byte, error) {
	var recitals, articles []string
	for _, part := range parts {
		dec := xml.NewDecoder(bytes.NewReader(part))
		for {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("formex: %w", err)
			}
			start, ok := token.(xml.StartElement)
			if !ok || start.Name.Local != "CONSID" && start.Name.Local != "ARTICLE" {
				continue
			}
			text, err := flat(dec)
			if err != nil {
				return nil, fmt.Errorf("formex: %w", err)
			}
			if start.Name.Local == "CONSID" {
				recitals = append(recitals, "Recital "+text)
			} else {
				articles = append(articles, "GDPR "+text)
			}
		}
	}
	return []byte(strings.Join(append(recitals, articles...), "\n\n") + "\n"), nil
}

// flat is the text of the element that dec has just opened, with one space wherever a mark or white space stands.
func flat(dec *xml.Decoder) (string, error) {
	var text strings.Builder
	for depth := 1; depth > 0; {
		token, err := dec.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			text.Write(t)
			continue
		}
		text.WriteByte(' ')
	}
	return strings.Join(strings.Fields(text.String()), " "), nil
}
