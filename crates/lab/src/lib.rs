//! What tests and the demo share: sample schools and the simulated world, each as soon as it is whole.
