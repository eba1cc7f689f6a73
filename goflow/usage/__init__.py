"""What running launches use, sampled: by kubelets, by the cluster's metrics API, or by the processes of this machine.

A *meter* says what launches have used up to now; the sampler asks it every so often, thins what it hears (`Series`) and
writes it down, apart from the scheduler's way. What a runner accounts for its own task comes with the launch's end and
does not pass here. Prometheus' own figures belong to `goflow.telemetry`.
"""
