// Command etcd is the etcd that this Kubernetes is made for: Debian's is years older, and what an API server then does
// without (lists from its cache, lists as streams) clients of today reckon with.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
