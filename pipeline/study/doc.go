// Package study holds what experiments of many runs share, whatever they are about: where they work and what they are told (Site, How), their folder with its lock and
// events (Folder), the black boxes that their runs ask (Boxes), how far all of them are (Progress), how many stages fit into memory, and what ends an
// experiment rather than one of its runs (Ends).
package study
