// For every file of this module: a precondition names what is wrong in optimized builds too.
@_exported import Preconditions
