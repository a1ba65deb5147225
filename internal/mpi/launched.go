// Package mpi carries messages between ranks (package ranks) by Open MPI, which is opened at run time and called without cgo. About ten functions of the
// MPI standard, version 3.1, are used; the addresses of MPI_COMM_WORLD and the like are those of Open MPI's ABI (libmpi.so.40: versions 3, 4 and 5).
//
// A process that no launcher of several has started opens nothing.
package mpi

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrUnavailable says that processes were started to work together, and that this program cannot.
var ErrUnavailable = errors.New("mpi: ranks cannot work together")

// Launched is how many processes a launcher has started with this one, and which of them this is: by mpirun, or by srun --mpi=pmix. Another MPI's launcher is an error.
func Launched(getenv func(string) string) (rank, size int, err error) {
	number := func(name string) int {
		n, err := strconv.Atoi(getenv(name))
		if err != nil {
			return 0
		}
		return n
	}
	if size = number("OMPI_COMM_WORLD_SIZE"); size > 1 {
		return number("OMPI_COMM_WORLD_RANK"), size, nil
	}
	if size = number("SLURM_STEP_NUM_TASKS"); size > 1 && getenv("PMIX_RANK") != "" {
		return number("PMIX_RANK"), size, nil
	}
	if size = number("PMI_SIZE"); size > 1 {
		return 0, 0, fmt.Errorf("%w: the launcher is MPICH's, or speaks its protocol (PMI_SIZE=%d); take Open MPI's mpirun, or srun --mpi=pmix", ErrUnavailable, size)
	}
	return 0, 1, nil
}
