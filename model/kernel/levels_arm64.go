package kernel

// levels of arm64: every processor has NEON.
var levels = []*level{generic, neonLevel}

func hasTiles() bool { return false }
