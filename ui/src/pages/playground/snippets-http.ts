/** Programs for messages over HTTP: what every language brings along. What each is for is
 * snippets.ts; nothing here is run by the page.
 */
import { quoted, shell } from './quoting.ts';
import type { SnippetFacts, Snippets } from './snippets.ts';

function urlOf({ base, vhost, publishes, where, routingKey }: SnippetFacts): string {
  const root = `${base}v1/vhosts/${encodeURIComponent(vhost)}`;
  const exchange = encodeURIComponent(where === '' ? 'amq.default' : where);
  const key = `routing_key=${encodeURIComponent(routingKey)}`;
  if (publishes) return `${root}/exchanges/${exchange}/messages?${key}`;
  return `${root}/queues/${encodeURIComponent(where)}/events?ack=auto`;
}

const loginOf = ({ user }: SnippetFacts): string => quoted(`${user}:PASSWORD`);

export const http: Snippets = {
  Python: ({ q, s, ...facts }) => `# pip install requests
import requests

${
  facts.publishes
    ? `answer = requests.post(
    ${quoted(urlOf(facts))},
    auth=(${q.user}, "PASSWORD"),
    headers={"content-type": ${q.contentType}},
    data=${q.payload}.encode(),
)
answer.raise_for_status()
print(answer.json())`
    : `with requests.get(
    ${quoted(urlOf(facts))},
    auth=(${q.user}, "PASSWORD"),
    stream=True,
) as answer:
    for line in answer.iter_lines(decode_unicode=True):
        if line.startswith("data: "):
            print(line[6:])`
}
`,
  JavaScript: ({ q, s, ...facts }) => `const login = btoa(${loginOf(facts)});
const authorization = \`Basic \${login}\`;
${
  facts.publishes
    ? `const answer = await fetch(${quoted(urlOf(facts))}, {
  method: 'POST',
  headers: { authorization, 'content-type': ${q.contentType} },
  body: ${q.payload},
});
console.log(answer.status, await answer.json());`
    : `const answer = await fetch(${quoted(urlOf(facts))}, { headers: { authorization } });
for await (const text of answer.body.pipeThrough(new TextDecoderStream())) console.log(text);`
}
`,
  Java: ({ q, s, ...facts }) => `import java.net.URI;
import java.net.http.*;
import java.util.Base64;

public class Example {
  public static void main(String[] args) throws Exception {
    byte[] name = ${loginOf(facts)}.getBytes();
    String login = Base64.getEncoder().encodeToString(name);
    HttpRequest request = HttpRequest.newBuilder(URI.create(${quoted(urlOf(facts))}))
        .header("authorization", "Basic " + login)
${
  facts.publishes
    ? `        .header("content-type", ${q.contentType})
        .POST(HttpRequest.BodyPublishers.ofString(${q.payload}))
        .build();
    System.out.println(HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.ofString()).body());`
    : `        .build();
    HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofLines())
        .body().filter(line -> line.startsWith("data: ")).forEach(System.out::println);`
}
  }
}
`,
  Go: ({ q, s, ...facts }) => `package main

import (
${facts.publishes ? '\t"fmt"\n\t"net/http"\n\t"strings"' : '\t"bufio"\n\t"fmt"\n\t"net/http"'}
)

func main() {
	url := ${quoted(urlOf(facts))}
${
  facts.publishes
    ? `	request, _ := http.NewRequest("POST", url, strings.NewReader(${q.payload}))
	request.Header.Set("content-type", ${q.contentType})`
    : '\trequest, _ := http.NewRequest("GET", url, nil)'
}
	request.SetBasicAuth(${q.user}, "PASSWORD")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
${
  facts.publishes
    ? '\tfmt.Println(answer.Status)'
    : `	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		fmt.Println(lines.Text())
	}`
}
}
`,
  'C#': ({ q, s, ...facts }) => `using System.Net.Http.Headers;
using System.Text;

var client = new HttpClient();
client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic",
    Convert.ToBase64String(Encoding.UTF8.GetBytes(${loginOf(facts)})));
${
  facts.publishes
    ? `var answer = await client.PostAsync(${quoted(urlOf(facts))},
    new StringContent(${q.payload}, Encoding.UTF8, ${q.contentType}));
Console.WriteLine(await answer.Content.ReadAsStringAsync());`
    : `using var reader = new StreamReader(await client.GetStreamAsync(${quoted(urlOf(facts))}));
while (await reader.ReadLineAsync() is { } line) Console.WriteLine(line);`
}
`,
  Shell: ({ q, s, ...facts }) =>
    facts.publishes
      ? `curl --user ${shell(`${facts.user}:PASSWORD`)} \\
  --header ${shell(`content-type: ${facts.contentType}`)} --data-binary ${s.payload} \\
  ${shell(urlOf(facts))}
`
      : `curl --user ${shell(`${facts.user}:PASSWORD`)} --no-buffer \\
  ${shell(urlOf(facts))}
`,
};
