// Package schedule answers requests of many clients on one model together (continuous batching, Yu et al., Orca, OSDI 2022). Requests join and leave
// between two passes over the weights. A pass holds the next token of every answer and a piece of the prompts that are being read (Agrawal et al.,
// Sarathi-Serve, OSDI 2024), so a long prompt holds up nobody. Prompts that begin alike are read once: keys and values of finished prompts stay until
// memory is needed.
//
// An answer is a function of its request: where the Decoder is batch-invariant, tokens and log-probabilities have the same bits alone and beside any
// others, in whatever order they come, in whatever pieces their prompts are read. Where it is not, a pass holds one request, and prompts are cut at
// fixed positions; the bits are as fixed, and requests take turns.
package schedule
