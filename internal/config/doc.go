// Package config loads the one configuration of a gateway: a YAML file and the environment, into typed structs.
//
// Each package owns the struct of its part, with Defaults and Validate; this package joins them and adds what only the whole can show, such as a desk in an inbox
// that does not exist. Loading reports all problems at once, each with its path and, where it stands in the file, its line; a value never appears
// in a problem, for it may be a secret in the wrong place.
//
// The file is read over the defaults, and the environment over the file:
//   - KEFU_STORAGE_MONGO_URI sets storage.mongo.uri; a member of a list is addressed by its name (people: by their id), in capitals and with "_" for everything but
//     letters and digits: KEFU_INBOXES_SHOP_WECHAT_WECHAT_APP_SECRET sets wechat.app_secret of the inbox shop-wechat. A name that is not ASCII is replaced by its place,
//     counted from 0: KEFU_DESKS_0_CHAT. A list of texts is separated by commas. Only
//     sla and the names and ids themselves are left to the file. A variable that begins with KEFU_ and sets nothing is a problem, but for KEFU_CI and KEFU_TEST_*, which belong to the tests.
//   - ${NAME} within a value of the file stands for that variable, $${NAME} for itself; YAML wants both quoted inside { }. One that is not set is a problem.
//   - every secret has a twin named with _file (KEFU_..._FILE) that names a file holding it; a newline at its end is not part of it. Paths are relative to the working directory.
//
// What cannot be checked here: replicas that share one MongoDB must share one Redis too. A process does not know whether it has siblings; without
// storage.redis.url it believes it has none.
//
// Why yaml.v3 nodes and a walk by reflection instead of KnownFields: the library's errors name Go types and lines, not the path an operator knows, and it knows nothing of
// the environment. The same walk names the variables, so a new field needs no work here.
package config
