#ifndef CMPICOMMUNICATOR_H
#define CMPICOMMUNICATOR_H

#include <mpi.h>

#include "CMPI.h"

struct CMPICommunicator {
  MPI_Comm handle;
};

#endif
